#include "metrics/table.h"

#include <fmt/format.h>

#include <cmath>

#include "base/text.h"
#include "metrics/anls.h"
#include "metrics/exact_match.h"
#include "metrics/text_metrics.h"

namespace vlmhb::metrics {
namespace {

struct Row {
  std::string_view name;
  Metric::Function function;
  Params defaults;
  bool has_threshold;
};

// Sorted by name.
constexpr Row kTable[] = {
    {"anls",
     [](std::string_view reference, std::string_view answer, const Params& params,
        Scratch& scratch) -> std::optional<Score> {
       return Anls(reference, answer, params.normalize, params.threshold, scratch);
     },
     {.normalize = {.ignore_case = true}},
     true},
    {"cer",
     [](std::string_view reference, std::string_view answer, const Params& params,
        Scratch& scratch) {
       return CharacterErrorRate(reference, answer, params.normalize, scratch);
     },
     {},
     false},
    {"exact_match",
     [](std::string_view reference, std::string_view answer, const Params& params,
        Scratch& scratch) -> std::optional<Score> {
       return ExactMatch(reference, answer, params.normalize, scratch);
     },
     {},
     false},
    {"wer",
     [](std::string_view reference, std::string_view answer, const Params& params,
        Scratch& scratch) { return WordErrorRate(reference, answer, params.normalize, scratch); },
     {},
     false},
};

Error BadParam(std::string_view metric, std::string_view key, std::string_view expected,
               const json::value& value) {
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("metric {}: parameter {} must be {}, not {}", metric, key, expected,
                           Truncate(ToJson(value), 60)));
}

Result<void> ReadParam(const Row& row, std::string_view key, const json::value& value,
                       Params& params) {
  if (key == "unicode") {
    const std::string text = value.is_string() ? std::string(value.get_string()) : "";
    if (text == "none") {
      params.normalize.unicode = UnicodeForm::kNone;
    } else if (text == "nfc") {
      params.normalize.unicode = UnicodeForm::kNfc;
    } else if (text == "nfkc") {
      params.normalize.unicode = UnicodeForm::kNfkc;
    } else {
      return BadParam(row.name, key, "\"none\", \"nfc\" or \"nfkc\"", value);
    }
    return {};
  }
  if (key == "ignore_case" || key == "ignore_punctuation") {
    if (!value.is_bool()) return BadParam(row.name, key, "true or false", value);
    (key == "ignore_case" ? params.normalize.ignore_case : params.normalize.ignore_punctuation) =
        value.get_bool();
    return {};
  }
  if (key == "threshold" && row.has_threshold) {
    const double number = value.is_number() ? value.to_number<double>() : -1;
    if (!(number >= 0 && number <= 1)) {
      return BadParam(row.name, key, "a number from 0 to 1", value);
    }
    params.threshold = number;
    return {};
  }
  std::vector<std::string> known = {"ignore_case", "ignore_punctuation", "unicode"};
  if (row.has_threshold) known.push_back("threshold");
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("metric {}: unknown parameter {} (it has {}).{}", row.name, key,
                           Join(known, ", "), DidYouMean(key, known)));
}

}  // namespace

Result<Metric> MakeMetric(std::string_view implementation, const json::object& params) {
  for (const Row& row : kTable) {
    if (row.name != implementation) continue;
    Params read = row.defaults;
    for (const auto& [key, value] : params) {
      VLMHB_TRY(ReadParam(row, std::string_view(key.data(), key.size()), value, read));
    }
    return Metric(row.function, read);
  }
  const std::vector<std::string> names = ImplementationNames();
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("no metric implementation is called {}; there are {}.{}", implementation,
                           Join(names, ", "), DidYouMean(implementation, names)));
}

std::vector<std::string> ImplementationNames() {
  std::vector<std::string> names;
  for (const Row& row : kTable) names.emplace_back(row.name);
  return names;
}

}  // namespace vlmhb::metrics
