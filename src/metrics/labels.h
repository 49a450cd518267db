#pragma once
// Classification: which label an answer names. Also for questions of yes and no.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "metrics/normalize.h"
#include "metrics/score.h"
#include "metrics/scratch.h"

namespace vlmhb::metrics {

// The label that `answer` names, normalised, runs of white space as one space, without white space
// and punctuation at its ends: the whole answer if `labels` is empty or it is one of them, else the
// only one of `labels` that occurs in the answer between characters that are neither letters, marks
// nor digits. Where one label is part of another, the longer one occurs. "" if there is none or
// several: nothing is guessed.
std::string NamedLabel(std::string_view answer, std::span<const std::string> labels,
                       const NormalizeOptions& options, Scratch& scratch);

// 1 if the answer names the reference's label, else 0; the denominator is 1, so that a group's
// value is the accuracy. Range [0, 1], higher is better. nullopt if the reference is empty.
std::optional<Score> LabelAccuracy(std::string_view reference, std::string_view answer,
                                   std::span<const std::string> labels,
                                   const NormalizeOptions& options, Scratch& scratch);

}  // namespace vlmhb::metrics
