#pragma once
// What a metric gives one sample. Ratios are kept as numerator and denominator, so that a group's
// value is Σ numerator / Σ denominator and long samples weigh by their length (docs/metrics.md).

namespace vlmhb::metrics {

struct Score {
  double numerator = 0;
  double denominator = 0;  // > 0 and finite, as is the numerator
  double value() const { return numerator / denominator; }
};

}  // namespace vlmhb::metrics
