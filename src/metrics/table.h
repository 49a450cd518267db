#pragma once
// The metrics of this program by implementation name, as registry entries refer to them, and how
// their parameters are read (docs/metrics.md). A new metric is a function and a row in table.cc.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "metrics/params.h"
#include "metrics/score.h"
#include "metrics/scratch.h"

namespace vlmhb::metrics {

// A metric with its parameters. Thread-safe with one Scratch per thread.
class Metric {
 public:
  using Function = std::optional<Score> (*)(std::string_view reference, std::string_view answer,
                                            const Params& params, Scratch& scratch);

  Metric(Function function, Params params) : function_(function), params_(std::move(params)) {}

  // nullopt: this sample has no value (an empty reference for a rate).
  std::optional<Score> Compute(std::string_view reference, std::string_view answer,
                               Scratch& scratch) const {
    return function_(reference, answer, params_, scratch);
  }
  const Params& params() const { return params_; }

 private:
  Function function_;
  Params params_;
};

// kInvalidConfig for a name that is not in the table, a parameter that the metric does not have, or
// a value of the wrong type or range.
Result<Metric> MakeMetric(std::string_view implementation, const json::object& params);

// Sorted.
std::vector<std::string> ImplementationNames();

}  // namespace vlmhb::metrics
