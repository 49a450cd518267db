#include "evaluate/statistics.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace vlmhb::evaluate {
namespace {

constexpr size_t kMetrics = 2;

// 2,000 samples of 150 clusters in two groupings: one group, and 37 groups; a third of all scores
// of the second metric are absent.
std::vector<SampleScores> MakeSamples() {
  std::mt19937_64 random(8);
  std::vector<SampleScores> samples;
  for (uint64_t id = 0; id < 2000; ++id) {
    SampleScores sample;
    sample.cluster = SampleCluster(std::to_string(random() % 150), id);
    sample.id = id;
    sample.groups = {0, id % 50 == 7 ? kNoGroup : id % 37};
    sample.scores = {{double(random() % 5), double(1 + random() % 30)},
                     {double(random() % 2), random() % 3 == 0 ? 0.0 : 1.0}};
    samples.push_back(sample);
  }
  return samples;
}

// Metrics of one column each.
std::vector<MetricColumns> Columns(size_t metrics) {
  std::vector<MetricColumns> columns(metrics);
  for (size_t m = 0; m < metrics; ++m) columns[m].first = m;
  return columns;
}

Statistics Compute(const std::vector<SampleScores>& samples, const BootstrapSpec& bootstrap,
                   size_t memory_bytes) {
  const os::TempFolder folder;
  ScoreSorter sorter(folder.path(), 2, kMetrics, 20'000);
  for (const SampleScores& sample : samples) EXPECT_TRUE(sorter.Add(sample).ok());
  const std::atomic<bool> stop = false;
  const size_t group_counts[] = {1, 37};
  return ComputeStatistics(sorter, group_counts, Columns(kMetrics), {}, bootstrap, stop,
                           memory_bytes)
      .value();
}

TEST(StatisticsTest, AgreeWithTheDirectComputation) {
  const std::vector<SampleScores> samples = MakeSamples();
  const BootstrapSpec bootstrap{.resamples = 90, .seed = 4, .level = 0.9};
  const Statistics statistics = Compute(samples, bootstrap, 1 << 20);
  EXPECT_EQ(statistics.clusters, 150u);
  for (const auto& [g, i] : {std::pair<size_t, size_t>{0, 0}, {1, 0}, {1, 36}}) {
    for (size_t m = 0; m < kMetrics; ++m) {
      PoissonWeights weights(bootstrap.resamples, bootstrap.seed);
      ReplicateSums sums(bootstrap.resamples);
      std::set<uint64_t> clusters;
      metrics::Score total;
      for (const SampleScores& sample : samples) {
        if (sample.groups[g] != i || sample.scores[m].denominator == 0) continue;
        sums.Add(weights.Draw(sample.cluster), sample.scores[m].numerator,
                 sample.scores[m].denominator);
        clusters.insert(sample.cluster);
        total.numerator += sample.scores[m].numerator;
        total.denominator += sample.scores[m].denominator;
      }
      const GroupStatistic& statistic = statistics.groups[g][i][m];
      const auto expected = PercentileInterval(sums.Values(), bootstrap.level);
      EXPECT_EQ(statistic.clusters, clusters.size());
      EXPECT_DOUBLE_EQ(*statistic.value, total.value());
      EXPECT_DOUBLE_EQ(statistic.interval->low, expected->low);
      EXPECT_DOUBLE_EQ(statistic.interval->high, expected->high);
    }
  }
}

// Little memory means several passes, and no other result.
TEST(StatisticsTest, BatchesAndOrderDoNotMatter) {
  std::vector<SampleScores> samples = MakeSamples();
  const BootstrapSpec bootstrap{.resamples = 64, .seed = 4};
  const Statistics at_once = Compute(samples, bootstrap, 16 << 20);
  std::reverse(samples.begin(), samples.end());
  const Statistics in_batches = Compute(samples, bootstrap, 5000);
  for (size_t i = 0; i < 37; ++i) {
    for (size_t m = 0; m < kMetrics; ++m) {
      const GroupStatistic& a = at_once.groups[1][i][m];
      const GroupStatistic& b = in_batches.groups[1][i][m];
      EXPECT_EQ(a.value, b.value);
      EXPECT_EQ(a.clusters, b.clusters);
      EXPECT_EQ(a.interval->low, b.interval->low);
      EXPECT_EQ(a.interval->high, b.interval->high);
    }
  }
}

TEST(StatisticsTest, OneClusterHasNoIntervalAndNoneNoValue) {
  const std::vector<SampleScores> samples = {{5, 0, {0, 0}, {{1, 4}, {0, 0}}},
                                             {5, 1, {0, 0}, {{2, 4}, {0, 0}}},
                                             {6, 2, {0, 1}, {{0, 0}, {0, 0}}}};
  const Statistics statistics = Compute(samples, {.resamples = 10}, 1 << 20);
  EXPECT_EQ(statistics.clusters, 2u);
  EXPECT_EQ(statistics.groups[0][0][0].value, 0.375);
  EXPECT_EQ(statistics.groups[0][0][0].clusters, 1u);
  EXPECT_FALSE(statistics.groups[0][0][0].interval.has_value());
  EXPECT_FALSE(statistics.groups[0][0][1].value.has_value());
  EXPECT_FALSE(statistics.groups[1][1][0].value.has_value());
}

TEST(StatisticsTest, Stops) {
  ScoreSorter sorter("/tmp", 1, 1);
  ASSERT_TRUE(sorter.Add({1, 1, {0}, {{1, 1}}}).ok());
  const std::atomic<bool> stop = true;
  const size_t group_counts[] = {1};
  const auto statistics = ComputeStatistics(sorter, group_counts, Columns(1), {}, {}, stop);
  ASSERT_FALSE(statistics.ok());
  EXPECT_EQ(statistics.error().code(), ErrorCode::kCancelled);
}

}  // namespace
}  // namespace vlmhb::evaluate
