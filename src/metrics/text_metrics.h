#pragma once
// Error rates of recognised text: edit distance to the reference / length of the reference.

#include <optional>
#include <string_view>

#include "metrics/normalize.h"
#include "metrics/score.h"
#include "metrics/scratch.h"

namespace vlmhb::metrics {

// Character error rate: Levenshtein distance over code points / code points of the reference. White
// space at the ends is dropped, inside it counts. Range [0, inf), lower is better; above 1 when the
// answer is much too long. nullopt if the reference is empty: no rate is defined.
// Source: Levenshtein 1966; the corpus form as in jiwer's cer().
std::optional<Score> CharacterErrorRate(std::string_view reference, std::string_view answer,
                                        const NormalizeOptions& options, Scratch& scratch);

// Word error rate: the same over words, which are separated by any white space. Range [0, inf),
// lower is better. nullopt if the reference has no word. Source: the same, as in jiwer's wer().
std::optional<Score> WordErrorRate(std::string_view reference, std::string_view answer,
                                   const NormalizeOptions& options, Scratch& scratch);

}  // namespace vlmhb::metrics
