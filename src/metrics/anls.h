#pragma once
// Average normalised Levenshtein similarity, for short answers read from documents.

#include <string_view>

#include "metrics/normalize.h"
#include "metrics/score.h"
#include "metrics/scratch.h"

namespace vlmhb::metrics {

// With d = Levenshtein distance over code points / length of the longer text (0 if both are empty):
// 1 - d if d < threshold, else 0. White space at the ends is dropped, a run of it inside counts as
// one space. The denominator is 1, so that a group's value is the mean. Range [0, 1], higher is
// better. Always scorable. One reference per sample. Source: Biten et al., "Scene text visual
// question answering", ICCV 2019, threshold 0.5.
Score Anls(std::string_view reference, std::string_view answer, const NormalizeOptions& options,
           double threshold, Scratch& scratch);

}  // namespace vlmhb::metrics
