#pragma once
// Percentiles by numpy's default ("linear") method, and how many samples each one needs to say
// something about the tail. Pure functions.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "report/report_model.h"

namespace vlmhb::report {

// The `q`-quantile (0 <= q <= 1) of ascending `sorted`; nullopt when it is empty.
std::optional<double> Percentile(std::span<const float> sorted, double q);

// The least number of samples from which the percentile `percent` (50, 90, 95, 99) is a sound bound
// with 99 % confidence: 64 for 90, 130 for 95, 662 for 99; fewer are shown with a mark.
int64_t SamplesNeeded(int percent);

// Sorts `values` in place (milliseconds) and summarises them. NaN and infinities must be kept out.
Distribution Summarise(std::vector<float>& values);

}  // namespace vlmhb::report
