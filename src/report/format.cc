#include "report/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/text.h"

namespace vlmhb::report {
namespace {

// A metric without a unit that begins at 0 and ends at 1, or counts errors per unit of text.
bool IsFraction(const MetricDefinition& metric) {
  if (!metric.unit.empty() || metric.range_low != 0.0) return false;
  return metric.range_high == 1.0 || (!metric.range_high && metric.aggregate == "ratio");
}

double Shown(const MetricDefinition& metric, double value) {
  return IsFraction(metric) ? value * 100 : value;
}

// Decimals for three significant digits, at most `most`.
int DecimalsFor(double value, int most) {
  const double magnitude = std::abs(value);
  if (magnitude >= 99.95) return 0;
  if (magnitude >= 9.995) return std::min(1, most);
  if (magnitude >= 0.9995) return std::min(2, most);
  return most;
}

// A percentage of more than two decimals is noise on any data set of ours.
int MostDecimals(const MetricDefinition& metric) { return IsFraction(metric) ? 2 : 3; }

std::string Fixed(double value, int decimals, bool sign = false) {
  std::string text =
      sign ? fmt::format("{:+.{}f}", value, decimals) : fmt::format("{:.{}f}", value, decimals);
  // "-0.00" is 0; the typographic minus is as wide as the plus.
  if (text.find_first_not_of("+-0.") == std::string::npos) {
    text = fmt::format("{:.{}f}", 0.0, decimals);
    return text;
  }
  if (text[0] == '-') text.replace(0, 1, "−");
  return text;
}

// The interval of `value`, with its decimals.
std::string FormatPair(const MetricDefinition& metric, double value, const Interval& interval,
                       bool sign) {
  const int decimals = DecimalsFor(Shown(metric, value), MostDecimals(metric));
  return fmt::format("[{}, {}]", Fixed(Shown(metric, interval.low), decimals, sign),
                     Fixed(Shown(metric, interval.high), decimals, sign));
}

std::string WithoutTrailingZeros(std::string number) {
  if (number.find('.') == std::string::npos) return number;
  number.erase(number.find_last_not_of('0') + 1);
  if (number.back() == '.') number.pop_back();
  return number;
}

}  // namespace

std::string MetricTitle(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kTitles = {
      {{"field_f1", "field F1"},
       {"iou", "IoU"},
       {"iou_accuracy", "IoU accuracy"},
       {"json_valid", "valid JSON"},
       {"kendall_tau", "Kendall's τ"},
       {"rouge_l", "ROUGE-L"}}};
  for (const auto& [metric, known] : kTitles)
    if (metric == name) return std::string(known);
  const bool is_short = name.size() <= 4 && name.find('_') == std::string_view::npos;
  std::string title(name);
  for (char& c : title) {
    if (is_short && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == '_') c = ' ';
  }
  return title;
}

std::string UnitOf(const MetricDefinition& metric) {
  return IsFraction(metric) ? "%" : metric.unit;
}

std::string FormatMetricNumber(const MetricDefinition& metric, double value) {
  const double shown = Shown(metric, value);
  return Fixed(shown, DecimalsFor(shown, MostDecimals(metric)));
}

std::string FormatMetricTick(const MetricDefinition& metric, double value) {
  return WithoutTrailingZeros(FormatMetricNumber(metric, value));
}

std::string FormatMillisTick(double milliseconds) {
  if (milliseconds == 0) return "0";
  const std::string text = FormatMillis(milliseconds);
  const size_t unit = text.find(' ');
  return WithoutTrailingZeros(text.substr(0, unit)) + text.substr(unit);
}

std::string FormatMetric(const MetricDefinition& metric, std::optional<double> value) {
  if (!value) return std::string(kAbsent);
  const std::string unit = UnitOf(metric);
  return FormatMetricNumber(metric, *value) + (unit.empty() ? "" : " " + unit);
}

std::string FormatInterval(const MetricDefinition& metric, double value,
                           const std::optional<Interval>& interval) {
  return interval ? FormatPair(metric, value, *interval, false) : "";
}

std::string FormatDifference(const MetricDefinition& metric, double difference) {
  const double shown = Shown(metric, difference);
  const std::string unit = IsFraction(metric) ? "pp" : metric.unit;
  return Fixed(shown, DecimalsFor(shown, MostDecimals(metric)), true) +
         (unit.empty() ? "" : " " + unit);
}

std::string FormatDifferenceInterval(const MetricDefinition& metric, double difference,
                                     const Interval& interval) {
  return FormatPair(metric, difference, interval, true);
}

std::string FormatMillis(std::optional<double> milliseconds) {
  if (!milliseconds) return std::string(kAbsent);
  const double ms = *milliseconds;
  if (ms < 999.5) return Fixed(ms, DecimalsFor(ms, 2)) + " ms";
  const double seconds = ms / 1000;
  if (seconds < 119.5) return Fixed(seconds, DecimalsFor(seconds, 2)) + " s";
  if (seconds < 7200) return Fixed(seconds / 60, 1) + " min";
  return Fixed(seconds / 3600, 1) + " h";
}

std::string FormatMemory(std::optional<double> megabytes) {
  if (!megabytes) return std::string(kAbsent);
  if (*megabytes < 999.5) return Fixed(*megabytes, DecimalsFor(*megabytes, 1)) + " MB";
  const double gigabytes = *megabytes / 1000;
  return Fixed(gigabytes, DecimalsFor(gigabytes, 2)) + " GB";
}

std::string FormatRate(std::optional<double> per_second) {
  if (!per_second) return std::string(kAbsent);
  return Fixed(*per_second, DecimalsFor(*per_second, 3)) + " /s";
}

std::string FormatCount(int64_t count) {
  std::string digits = std::to_string(count);
  const size_t first = digits[0] == '-' ? 1 : 0;
  // Four digits read well as they are.
  if (digits.size() - first <= 4) return digits;
  for (size_t at = digits.size() - 3; at > first; at -= at > 3 ? 3 : at)
    digits.insert(at, "\u202F");
  return digits;
}

std::string FormatCount(std::optional<int64_t> count) {
  return count ? FormatCount(*count) : std::string(kAbsent);
}

std::string FormatShare(int64_t part, int64_t whole) {
  if (whole <= 0) return std::string(kAbsent);
  if (part == whole) return "100 %";
  const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  return Fixed(std::min(percent, 99.9), 1) + " %";
}

}  // namespace vlmhb::report
