#include "evaluate/statistics.h"

#include <algorithm>

namespace vlmhb::evaluate {
namespace {

// One column of scores in one group, while its clusters come by.
struct Cell {
  explicit Cell(size_t resamples) : sums(resamples) {}

  metrics::Score total;
  metrics::Score cluster;  // of the current cluster; denominator 0: none yet
  uint64_t clusters = 0;
  ReplicateSums sums;
};

// The groups `first` to `last` of all groupings' groups, numbered through.
class Batch {
 public:
  Batch(size_t first, size_t last, size_t columns, const BootstrapSpec& bootstrap)
      : first_(first),
        last_(last),
        columns_(columns),
        bootstrap_(bootstrap),
        weights_(bootstrap.resamples, bootstrap.seed),
        cells_((last - first) * columns, Cell(bootstrap.resamples)) {}

  bool Has(size_t group) const { return group >= first_ && group < last_; }

  void Add(size_t group, std::span<const metrics::Score> scores) {
    for (size_t c = 0; c < columns_; ++c) {
      if (scores[c].denominator == 0) continue;
      const size_t at = (group - first_) * columns_ + c;
      metrics::Score& cluster = cells_[at].cluster;
      if (cluster.denominator == 0) touched_.push_back(at);
      cluster.numerator += scores[c].numerator;
      cluster.denominator += scores[c].denominator;
    }
  }

  // Weights are drawn once for all that a cluster has in these groups.
  void EndCluster(uint64_t cluster) {
    if (touched_.empty()) return;
    weights_.Draw(cluster);
    for (const size_t at : touched_) {
      Cell& cell = cells_[at];
      cell.sums.Add(weights_, cell.cluster.numerator, cell.cluster.denominator);
      cell.total.numerator += cell.cluster.numerator;
      cell.total.denominator += cell.cluster.denominator;
      ++cell.clusters;
      cell.cluster = {};
    }
    touched_.clear();
  }

  // Of a metric whose score is one column.
  GroupStatistic Statistic(size_t group, size_t column) const {
    const Cell& cell = CellOf(group, column);
    GroupStatistic statistic;
    statistic.clusters = cell.clusters;
    if (cell.clusters > 0) statistic.value = cell.total.value();
    if (cell.clusters > 1)
      statistic.interval = PercentileInterval(cell.sums.Values(), bootstrap_.level);
    return statistic;
  }

  // Of a corpus metric: what `aggregate` makes of the sums of its columns, here and in every
  // resample.
  Result<GroupStatistic> CorpusStatistic(size_t group, size_t metric, const MetricColumns& place,
                                         const Aggregator& aggregate) const {
    GroupStatistic statistic;
    statistic.clusters = CellOf(group, place.first).clusters;
    if (statistic.clusters == 0) return statistic;
    std::vector<std::vector<double>> sums(1);
    for (size_t c = 0; c < place.count; ++c)
      sums[0].push_back(CellOf(group, place.first + c).total.numerator);
    if (statistic.clusters > 1) AppendResamples(group, place, sums);
    VLMHB_ASSIGN(const std::vector<std::optional<double>> values, aggregate(metric, sums));
    statistic.value = values.at(0);
    std::vector<double> replicates;
    for (size_t i = 1; i < values.size(); ++i)
      if (values[i].has_value()) replicates.push_back(*values[i]);
    statistic.interval = PercentileInterval(std::move(replicates), bootstrap_.level);
    return statistic;
  }

 private:
  const Cell& CellOf(size_t group, size_t column) const {
    return cells_[(group - first_) * columns_ + column];
  }

  // The sums of every resample that drew a sample.
  void AppendResamples(size_t group, const MetricColumns& place,
                       std::vector<std::vector<double>>& sums) const {
    for (size_t b = 0; b < bootstrap_.resamples; ++b) {
      if (CellOf(group, place.first).sums.denominator(b) == 0) continue;
      sums.emplace_back();
      for (size_t c = 0; c < place.count; ++c)
        sums.back().push_back(CellOf(group, place.first + c).sums.numerator(b));
    }
  }

  size_t first_;
  size_t last_;
  size_t columns_;
  const BootstrapSpec& bootstrap_;
  PoissonWeights weights_;
  std::vector<Cell> cells_;
  std::vector<size_t> touched_;  // cells that the current cluster has scores in
};

// Returns how many distinct clusters there are.
Result<uint64_t> ReadInto(Batch& batch, ScoreSorter& scores, std::span<const size_t> first_group,
                          const std::atomic<bool>& stop) {
  VLMHB_TRY(scores.Rewind());
  SampleScores sample;
  uint64_t clusters = 0;
  uint64_t cluster = 0;
  while (true) {
    VLMHB_ASSIGN(const bool more, scores.Next(sample));
    const bool ends = clusters > 0 && (!more || sample.cluster != cluster);
    if (ends) batch.EndCluster(cluster);
    if (!more) return clusters;
    if (stop.load(std::memory_order_relaxed)) {
      return Error(ErrorCode::kCancelled, "the evaluation was stopped");
    }
    if (ends || clusters == 0) ++clusters;
    cluster = sample.cluster;
    for (size_t g = 0; g < first_group.size(); ++g) {
      if (sample.groups[g] == kNoGroup) continue;
      const size_t group = first_group[g] + sample.groups[g];
      if (batch.Has(group)) batch.Add(group, sample.scores);
    }
  }
}

}  // namespace

Result<Statistics> ComputeStatistics(ScoreSorter& scores, std::span<const size_t> group_counts,
                                     std::span<const MetricColumns> metrics,
                                     const Aggregator& aggregate, const BootstrapSpec& bootstrap,
                                     const std::atomic<bool>& stop, size_t memory_bytes) {
  Statistics statistics;
  std::vector<size_t> first_group;               // of each grouping, in one numbering of all groups
  std::vector<std::pair<size_t, size_t>> place;  // of each group: grouping, group
  for (const size_t count : group_counts) {
    first_group.push_back(place.size());
    for (size_t i = 0; i < count; ++i) place.emplace_back(statistics.groups.size(), i);
    statistics.groups.emplace_back(count, std::vector<GroupStatistic>(metrics.size()));
  }
  const size_t columns = metrics.empty() ? 0 : metrics.back().first + metrics.back().count;
  const size_t group_bytes = columns * bootstrap.resamples * 2 * sizeof(double);
  const size_t batch_groups = std::max<size_t>(1, memory_bytes / std::max<size_t>(1, group_bytes));
  for (size_t first = 0; first < place.size(); first += batch_groups) {
    const size_t last = std::min(place.size(), first + batch_groups);
    Batch batch(first, last, columns, bootstrap);
    VLMHB_ASSIGN(statistics.clusters, ReadInto(batch, scores, first_group, stop));
    for (size_t group = first; group < last; ++group) {
      const auto [g, i] = place[group];
      for (size_t m = 0; m < metrics.size(); ++m) {
        GroupStatistic& statistic = statistics.groups[g][i][m];
        if (metrics[m].corpus) {
          VLMHB_ASSIGN(statistic, batch.CorpusStatistic(group, m, metrics[m], aggregate));
        } else {
          statistic = batch.Statistic(group, metrics[m].first);
        }
      }
    }
  }
  return statistics;
}

}  // namespace vlmhb::evaluate
