#pragma once
// Metrics of key information extraction: reference and answer are JSON objects of fields.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/normalize.h"
#include "metrics/score.h"

namespace vlmhb::metrics {

// Path -> value after normalisation and without white space at its ends. Paths: keys joined by ".",
// places in a list as "[0]": "items[0].price".
using Fields = std::map<std::string, std::vector<Symbol>>;

// The fields of the first JSON object in `text` (find_json.h). Numbers and booleans are their
// shortest text (12.50 is "12.5"). Null and the empty text are no field: nothing is there to be
// read. The predecessor's
// {"fields":{"name":{"value":"x"}}} is {"name":"x"}. nullopt if there is no object, or one of more
// than 10,000 fields or with a path of more than 1,000 bytes.
std::optional<Fields> ReadFields(std::string_view text, const NormalizeOptions& options);

// Fields of the reference that the answer has with an equal value / fields of the reference. Range
// [0, 1], higher is better. nullopt if the reference has no fields; an answer without JSON has none
// right. Source: the field accuracy of key information extraction (as SROIE, ICDAR 2019, recall).
std::optional<Score> FieldAccuracy(std::string_view reference, std::string_view answer,
                                   const NormalizeOptions& options);

// 2 TP / (2 TP + FP + FN) over fields: TP are equal fields, FP the other fields of the answer, FN
// the other fields of the reference; a wrong value is both. Range [0, 1], higher is better; summed
// over samples it is the micro F1. nullopt if neither has a field, or the reference is no JSON
// object. Source: SROIE, ICDAR 2019.
std::optional<Score> FieldF1(std::string_view reference, std::string_view answer,
                             const NormalizeOptions& options);

// 1 if the whole answer is one JSON object or array, perhaps in a code fence, else 0. Always
// scorable; the reference means nothing. Range [0, 1], higher is better.
Score JsonValid(std::string_view answer);

}  // namespace vlmhb::metrics
