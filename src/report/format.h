#pragma once
// Numbers as people read them: about three significant digits, a unit, an interval with the same
// decimals as its value. "–" stands for what was not measured. Pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "report/report_model.h"

namespace vlmhb::report {

inline constexpr std::string_view kAbsent = "–";

// "cer" -> "CER", "exact_match" -> "exact match".
std::string MetricTitle(std::string_view name);

// "1.23 %" for a fraction (no unit, and range [0, 1] or an error rate from 0 on), "0.123" or "12.3
// unit" otherwise.
std::string FormatMetric(const MetricDefinition& metric, std::optional<double> value);
// The number without its unit, for an axis or a table whose header names the unit.
std::string FormatMetricNumber(const MetricDefinition& metric, double value);
// "[0.80, 1.71]", in the unit and with the decimals of FormatMetric(metric, value); "" for nullopt.
std::string FormatInterval(const MetricDefinition& metric, double value,
                           const std::optional<Interval>& interval);
// "+3.21 pp" with its sign, for differences; percentage points for a fraction.
std::string FormatDifference(const MetricDefinition& metric, double difference);
std::string FormatDifferenceInterval(const MetricDefinition& metric, double difference,
                                     const Interval& interval);
// "%", or the metric's own unit, or "".
std::string UnitOf(const MetricDefinition& metric);

// The same for round numbers on an axis: "40", "0.5", without trailing zeros.
std::string FormatMetricTick(const MetricDefinition& metric, double value);
std::string FormatMillisTick(double milliseconds);

// "0.42 ms", "123 ms", "1.23 s", "4.5 min", "2.1 h".
std::string FormatMillis(std::optional<double> milliseconds);
// "412 MB", "1.23 GB", from MB of 10^6 bytes.
std::string FormatMemory(std::optional<double> megabytes);
// "12.3 /s".
std::string FormatRate(std::optional<double> per_second);
// "12 345" with a narrow no-break space.
std::string FormatCount(int64_t count);
std::string FormatCount(std::optional<int64_t> count);
// "98.9 %"; "100 %" only when all of `whole`.
std::string FormatShare(int64_t part, int64_t whole);

}  // namespace vlmhb::report
