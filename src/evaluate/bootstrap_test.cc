#include "evaluate/bootstrap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>

namespace vlmhb::evaluate {
namespace {

struct Sample {
  uint64_t cluster;
  double numerator;
  double denominator;
};

std::vector<double> Replicates(const std::vector<Sample>& samples, size_t resamples,
                               uint64_t seed) {
  PoissonWeights weights(resamples, seed);
  ReplicateSums sums(resamples);
  for (const Sample& s : samples) sums.Add(weights.Draw(s.cluster), s.numerator, s.denominator);
  return sums.Values();
}

double Value(const std::vector<Sample>& samples) {
  double numerator = 0, denominator = 0;
  for (const Sample& s : samples) {
    numerator += s.numerator;
    denominator += s.denominator;
  }
  return numerator / denominator;
}

TEST(PoissonWeightsTest, AreDistributedAsPoissonOne) {
  constexpr size_t kResamples = 1000;
  constexpr int kClusters = 2000;
  PoissonWeights weights(kResamples, 42);
  std::vector<double> counts(10);
  double sum = 0, squares = 0;
  for (int c = 0; c < kClusters; ++c) {
    for (const double w : weights.Draw(ClusterHash("image-" + std::to_string(c))).values()) {
      ++counts[size_t(w)];
      sum += w;
      squares += w * w;
    }
  }
  const double n = double(kResamples) * kClusters;
  double probability = std::exp(-1.0);
  for (int k = 0; k < 7; ++k) {
    // Four standard errors of a share, and the grid of 1/65536.
    const double tolerance = 4 * std::sqrt(probability / n) + 1.0 / 65536;
    EXPECT_NEAR(counts[size_t(k)] / n, probability, tolerance) << k;
    probability /= k + 1;
  }
  EXPECT_NEAR(sum / n, 1, 4 / std::sqrt(n) + 1e-4);
  EXPECT_NEAR(squares / n - 1, 1, 0.01) << "the variance";
}

// Weights of different clusters, and of neighbouring resamples of one cluster, are uncorrelated.
TEST(PoissonWeightsTest, AreUncorrelated) {
  constexpr size_t kResamples = 4000;
  PoissonWeights weights(kResamples, 7);
  std::vector<std::vector<double>> drawn;
  for (uint64_t c = 0; c < 40; ++c) {
    const auto values = weights.Draw(c).values();
    drawn.emplace_back(values.begin(), values.end());
  }
  double worst = 0;
  const auto correlation = [](const double* a, const double* b, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; ++i) sum += (a[i] - 1) * (b[i] - 1);
    return std::abs(sum / double(n));
  };
  for (size_t a = 0; a < drawn.size(); ++a) {
    for (size_t b = a + 1; b < drawn.size(); ++b) {
      worst = std::max(worst, correlation(drawn[a].data(), drawn[b].data(), kResamples));
    }
    for (size_t lag = 1; lag < 20; ++lag) {
      const auto& row = drawn[a];
      worst = std::max(worst, correlation(row.data(), row.data() + lag, kResamples - lag));
    }
  }
  EXPECT_LT(worst, 5 / std::sqrt(double(kResamples)));
}

TEST(PoissonWeightsTest, DependOnSeedAndClusterAlone) {
  PoissonWeights a(100, 1), b(100, 1), other_seed(100, 2), longer(1000, 1);
  b.Draw(99);
  const auto values = [](const PoissonWeights& w) {
    return std::vector<double>(w.values().begin(), w.values().begin() + 100);
  };
  EXPECT_EQ(values(a.Draw(5)), values(b.Draw(5)));
  EXPECT_EQ(values(a), values(longer.Draw(5))) << "more resamples begin with the same ones";
  EXPECT_NE(values(a), values(other_seed.Draw(5)));
  EXPECT_NE(values(a), values(b.Draw(6)));
}

// Runs evaluated at different times are compared by the same weights: these never change. The
// values are those of an independent implementation in Python.
TEST(PoissonWeightsTest, AreTheSameForEver) {
  EXPECT_EQ(ClusterHash("images/0001.png"), 0x552EC0F09DD049BFu);
  EXPECT_EQ(SampleCluster("images/0001.png", 7), 0x552EC0F09DD049BFu);
  EXPECT_EQ(SampleCluster("", 7), 0x63CBE1E459320DD7u);
  PoissonWeights weights(12, 20250101);
  const auto values = weights.Draw(ClusterHash("images/0001.png")).values();
  EXPECT_EQ(std::vector<double>(values.begin(), values.end()),
            (std::vector<double>{0, 0, 0, 3, 2, 0, 0, 2, 2, 2, 1, 0}));
}

TEST(ReplicateSumsTest, AgreeWithTheDirectComputation) {
  std::mt19937 random(3);
  constexpr size_t kResamples = 77;  // no whole block
  std::vector<Sample> samples;
  for (uint64_t i = 0; i < 50; ++i)
    samples.push_back({i / 3, double(random() % 9), double(random() % 20)});
  const std::vector<double> replicates = Replicates(samples, kResamples, 5);
  ASSERT_EQ(replicates.size(), kResamples);
  PoissonWeights weights(kResamples, 5);
  for (size_t b = 0; b < kResamples; ++b) {
    double numerator = 0, denominator = 0;
    for (const Sample& s : samples) {
      const double w = weights.Draw(s.cluster).values()[b];
      numerator += w * s.numerator;
      denominator += w * s.denominator;
    }
    EXPECT_DOUBLE_EQ(replicates[b], numerator / denominator);
  }
}

TEST(ReplicateSumsTest, OrderAndSplitDoNotMatter) {
  std::mt19937 random(4);
  std::vector<Sample> samples;
  for (uint64_t i = 0; i < 300; ++i) samples.push_back({i % 40, double(random() % 9), 10});
  const std::vector<double> replicates = Replicates(samples, 200, 1);
  std::shuffle(samples.begin(), samples.end(), random);
  EXPECT_EQ(Replicates(samples, 200, 1), replicates) << "whole numbers add up without error";
}

TEST(ReplicateSumsTest, AResampleWithoutSamplesHasNoValue) {
  const std::vector<double> replicates = Replicates({{1, 1, 2}}, 1000, 1);
  const auto empty = std::count_if(replicates.begin(), replicates.end(),
                                   [](double value) { return std::isnan(value); });
  EXPECT_NEAR(double(empty), 368, 60);
  const auto interval = PercentileInterval(replicates, 0.95);
  EXPECT_EQ(interval->low, 0.5);
  EXPECT_EQ(interval->high, 0.5);
}

TEST(PercentileIntervalTest, InterpolatesLikeNumpy) {
  std::vector<double> values;
  for (int i = 100; i >= 0; --i) values.push_back(i);
  values.push_back(std::nan(""));
  const auto interval = PercentileInterval(values, 0.95);
  EXPECT_NEAR(interval->low, 2.5, 1e-12);
  EXPECT_NEAR(interval->high, 97.5, 1e-12);
  EXPECT_DOUBLE_EQ(PercentileInterval({1, 2}, 0.5)->low, 1.25);
  EXPECT_FALSE(PercentileInterval({std::nan("")}, 0.95).has_value());
  EXPECT_FALSE(PercentileInterval({}, 0.95).has_value());
}

// Draws data sets whose samples share an effect of their image, and counts how often the interval
// holds the true mean.
double Coverage(size_t clusters, size_t per_cluster, double shared, bool by_cluster) {
  std::mt19937_64 random(2025);
  std::normal_distribution<double> normal;
  constexpr int kTrials = 600;
  int covered = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<Sample> samples;
    for (uint64_t c = 0; c < clusters; ++c) {
      const double effect = shared * normal(random);
      for (uint64_t i = 0; i < per_cluster; ++i) {
        const uint64_t cluster = by_cluster ? c : c * per_cluster + i;
        samples.push_back({ClusterHash(std::to_string(cluster)), 10 + effect + normal(random), 1});
      }
    }
    const auto interval = PercentileInterval(Replicates(samples, 300, uint64_t(trial)), 0.95);
    covered += interval->low <= 10 && 10 <= interval->high;
  }
  return double(covered) / kTrials;
}

TEST(BootstrapTest, TheIntervalCoversTheTruth) {
  EXPECT_NEAR(Coverage(80, 1, 0, true), 0.95, 0.03);
  EXPECT_NEAR(Coverage(60, 6, 1, true), 0.95, 0.03) << "samples that share an image";
  EXPECT_LT(Coverage(60, 6, 1, false), 0.80) << "what ignoring the images would promise wrongly";
}

TEST(ComparePairedTest, SeesADifferenceThatTheIntervalsHide) {
  std::mt19937_64 random(9);
  std::normal_distribution<double> normal;
  std::vector<Sample> a, b, same;
  for (uint64_t c = 0; c < 200; ++c) {
    const double difficulty = 5 + normal(random);
    const uint64_t cluster = ClusterHash(std::to_string(c));
    a.push_back({cluster, difficulty + 0.05 * normal(random), 1});
    b.push_back({cluster, difficulty + 0.05 + 0.05 * normal(random), 1});
    same.push_back({cluster, difficulty + 0.05 * normal(random), 1});
  }
  const auto ra = Replicates(a, 1000, 1), rb = Replicates(b, 1000, 1),
             rs = Replicates(same, 1000, 1);
  const auto ia = PercentileInterval(ra, 0.95), ib = PercentileInterval(rb, 0.95);
  EXPECT_LT(ib->low, ia->high) << "the intervals overlap";
  const auto different = ComparePaired(Value(a), ra, Value(b), rb, 0.95);
  EXPECT_NEAR(different->difference, -0.05, 0.02);
  EXPECT_LT(different->interval.high, 0);
  EXPECT_LE(different->p_value, 0.01);
  const auto none = ComparePaired(Value(a), ra, Value(same), rs, 0.95);
  EXPECT_LE(none->interval.low, 0);
  EXPECT_GE(none->interval.high, 0);
  EXPECT_GT(none->p_value, 0.05);
  const auto self = ComparePaired(Value(a), ra, Value(a), ra, 0.95);
  EXPECT_EQ(self->difference, 0);
  EXPECT_EQ(self->p_value, 1);
}

}  // namespace
}  // namespace vlmhb::evaluate
