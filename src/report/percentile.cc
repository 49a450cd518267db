#include "report/percentile.h"

#include <algorithm>
#include <cmath>

namespace vlmhb::report {

std::optional<double> Percentile(std::span<const float> sorted, double q) {
  if (sorted.empty()) return std::nullopt;
  const double position = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(std::floor(position));
  const size_t above = std::min(below + 1, sorted.size() - 1);
  const double share = position - static_cast<double>(below);
  const double low = sorted[below];
  return low + (static_cast<double>(sorted[above]) - low) * share;
}

int64_t SamplesNeeded(int percent) {
  if (percent >= 99) return 662;
  if (percent >= 95) return 130;
  if (percent >= 90) return 64;
  return 1;
}

Distribution Summarise(std::vector<float>& values) {
  std::sort(values.begin(), values.end());
  Distribution summary;
  summary.count = static_cast<int64_t>(values.size());
  if (values.empty()) return summary;
  summary.p50 = Percentile(values, 0.50);
  summary.p90 = Percentile(values, 0.90);
  summary.p99 = Percentile(values, 0.99);
  for (int percent = 0; percent <= 100; ++percent)
    summary.curve.push_back(*Percentile(values, percent / 100.0));
  return summary;
}

}  // namespace vlmhb::report
