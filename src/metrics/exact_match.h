#pragma once
// Whether an answer is the reference.

#include <string_view>

#include "metrics/normalize.h"
#include "metrics/score.h"
#include "metrics/scratch.h"

namespace vlmhb::metrics {

// 1 if both have the same code points after normalisation and without white space at the ends, else
// 0; the denominator is 1, so that a group's value is the mean. Range [0, 1], higher is better.
// Always scorable: an empty answer to an empty reference is a match. Source: the exact match of
// SQuAD (Rajpurkar et al. 2016), without its removal of articles.
Score ExactMatch(std::string_view reference, std::string_view answer,
                 const NormalizeOptions& options, Scratch& scratch);

}  // namespace vlmhb::metrics
