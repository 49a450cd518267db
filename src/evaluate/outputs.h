#pragma once
// metrics.csv, metrics_by_<group>.csv and statistics.json (docs/formats/metrics.md).

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "evaluate/grouping.h"
#include "evaluate/spec.h"
#include "evaluate/statistics.h"

namespace vlmhb::evaluate {

struct EvaluationTotals {
  uint64_t expected = 0;  // samples
  uint64_t answered = 0;
  uint64_t failed = 0;
  uint64_t missing = 0;
  std::map<std::string, uint64_t> outcomes;  // missing samples have none
  std::string cluster_column;                // "": every sample is a cluster of its own
};

// Publishes all of them into spec.output and returns their names.
Result<std::vector<std::string>> WriteOutputs(const EvaluateSpec& spec,
                                              std::span<const Grouping> groupings,
                                              const Statistics& statistics,
                                              const EvaluationTotals& totals);

}  // namespace vlmhb::evaluate
