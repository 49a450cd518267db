#pragma once
// From the scores of samples to the values of groups: corpus value, distinct clusters, and the
// bootstrap interval (docs/formats/metrics.md).

#include <atomic>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "evaluate/bootstrap.h"
#include "evaluate/score_sorter.h"
#include "evaluate/scorer.h"
#include "evaluate/spec.h"

namespace vlmhb::evaluate {

// A metric in a group.
struct GroupStatistic {
  std::optional<double> value;  // absent: no sample has one
  std::optional<Interval> interval;
  uint64_t clusters = 0;  // distinct ones with a score
};

struct Statistics {
  // Metric `m` in group `i` of grouping `g`: groups[g][i][m].
  std::vector<std::vector<std::vector<GroupStatistic>>> groups;
  uint64_t clusters = 0;  // distinct ones of all samples, with scores or without
};

// A sample that is in no group of a grouping.
inline constexpr uint64_t kNoGroup = ~uint64_t{0};

// Makes values of the sums of a corpus metric, as Scorer::Aggregate.
using Aggregator = std::function<Result<std::vector<std::optional<double>>>(
    size_t metric, std::span<const std::vector<double>> sums)>;

// Reads the sorted scores once, or several times where the groups are so many that the resamples of
// all would not fit into `memory_bytes`. `group_counts`: how many groups each grouping has.
// `metrics`: where the scores of each metric are. `aggregate` may be empty if none is a corpus
// metric; its errors are returned. kCancelled soon after `stop` becomes true.
Result<Statistics> ComputeStatistics(ScoreSorter& scores, std::span<const size_t> group_counts,
                                     std::span<const MetricColumns> metrics,
                                     const Aggregator& aggregate, const BootstrapSpec& bootstrap,
                                     const std::atomic<bool>& stop,
                                     size_t memory_bytes = 16u << 20);

}  // namespace vlmhb::evaluate
