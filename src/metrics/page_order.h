#pragma once
// Order of pages: reference and answer are lists of numbers, the i-th being the page number (or the
// document's number) of the i-th image.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "metrics/score.h"

namespace vlmhb::metrics {

// The numbers that `text` lists: the first JSON list of whole numbers (perhaps as texts), in prose
// or in an object; else the last run of at least two whole numbers with nothing but commas,
// semicolons, arrows, ">" and white space between them; else, if nothing but digits is there, each
// digit ("112"). nullopt if there is none, or more than 1,000 numbers.
std::optional<std::vector<int64_t>> ReadNumbers(std::string_view text);

// Kendall's tau-b of the two lists: (concordant - discordant pairs) / sqrt((pairs - ties of the
// reference) * (pairs - ties of the answer)). Range [-1, 1], higher is better; the denominator is
// 1, so that a group's value is the mean. An answer that is no list, has another length or is the
// same number throughout says nothing about the order: 0. nullopt if the reference is no list or
// has no two different numbers. Source: Kendall 1945, as scipy.stats.kendalltau.
std::optional<Score> KendallTau(std::string_view reference, std::string_view answer);

// Places where both lists have the same number / length of the reference. Range [0, 1], higher is
// better. nullopt if the reference is no list. Source: the definition.
std::optional<Score> PositionAccuracy(std::string_view reference, std::string_view answer);

}  // namespace vlmhb::metrics
