#include "report/axis_scale.h"

#include <algorithm>
#include <cmath>

namespace vlmhb::report {
namespace {

// The least of 1, 2, 5 times a power of ten that is at least `step`.
double RoundStep(double step) {
  const double power = std::pow(10, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= step * 0.999) return factor * power;
  return 10 * power;
}

}  // namespace

AxisScale AxisScale::Linear(double low, double high, int ticks) {
  // Equal or nearly equal ends still need an axis with a width.
  const double least_width = std::max({std::abs(low), std::abs(high), 1e-9}) * 1e-6;
  if (high - low < least_width) {
    const double half = std::max(std::abs(high) * 0.1, 1e-6);
    low -= low == 0 ? 0 : half;
    high += half;
  }
  const double step = RoundStep((high - low) / ticks);
  AxisScale scale;
  scale.low_ = std::floor(low / step + 1e-9) * step;
  scale.high_ = std::ceil(high / step - 1e-9) * step;
  const auto count = std::llround((scale.high_ - scale.low_) / step);
  for (long long i = 0; i <= count; ++i)
    scale.ticks_.push_back(scale.low_ + static_cast<double>(i) * step);
  return scale;
}

AxisScale AxisScale::Logarithmic(double low, double high) {
  AxisScale scale;
  scale.logarithmic_ = true;
  std::vector<double> candidates;
  const int first = static_cast<int>(std::floor(std::log10(low)));
  const int last = static_cast<int>(std::ceil(std::log10(high))) + 1;
  for (int power = first; power <= last; ++power)
    for (const double factor : {1.0, 2.0, 5.0}) candidates.push_back(factor * std::pow(10, power));
  scale.low_ = *std::prev(std::upper_bound(candidates.begin(), candidates.end(), low * 1.0001));
  scale.high_ = *std::lower_bound(candidates.begin(), candidates.end(), high * 0.9999);
  if (scale.high_ <= scale.low_)
    scale.high_ = *std::upper_bound(candidates.begin(), candidates.end(), scale.low_ * 1.0001);
  // Wide ranges keep the powers of ten only, so that labels do not touch.
  const bool wide = scale.high_ / scale.low_ > 60;
  for (size_t i = 0; i < candidates.size(); ++i)
    if (candidates[i] >= scale.low_ * 0.9999 && candidates[i] <= scale.high_ * 1.0001 &&
        (!wide || i % 3 == 0))
      scale.ticks_.push_back(candidates[i]);
  return scale;
}

double AxisScale::Transform(double value) const {
  return logarithmic_ ? std::log(std::max(value, low_)) : value;
}

double AxisScale::Position(double value) const {
  const double low = Transform(low_);
  const double position = (Transform(value) - low) / (Transform(high_) - low);
  return std::clamp(position, 0.0, 1.0);
}

}  // namespace vlmhb::report
