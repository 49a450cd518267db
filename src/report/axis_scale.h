#pragma once
// From values to positions on an axis, with round ticks. Pure and small.

#include <vector>

namespace vlmhb::report {

class AxisScale {
 public:
  // Covers [low, high] and widens it to round ticks. REQUIRES: low <= high, both finite.
  static AxisScale Linear(double low, double high, int ticks);
  // The same by powers of ten with the steps 1, 2 and 5. REQUIRES: 0 < low <= high.
  static AxisScale Logarithmic(double low, double high);

  // 0 at the low end, 1 at the high end; values beyond are put at the end.
  double Position(double value) const;
  const std::vector<double>& ticks() const { return ticks_; }

 private:
  double Transform(double value) const;

  bool logarithmic_ = false;
  double low_ = 0;
  double high_ = 1;
  std::vector<double> ticks_;
};

}  // namespace vlmhb::report
