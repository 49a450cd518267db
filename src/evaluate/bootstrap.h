#pragma once
// The Poisson cluster bootstrap of docs/formats/metrics.md: how sure a group's value is, and
// whether two runs differ. The weight of a cluster (an image) in a resample is a function of the
// seed, the resample and the cluster alone, so two runs over the same images are resampled alike.
//
//   PoissonWeights weights(1000, seed);
//   ReplicateSums sums(1000);
//   for (each cluster) sums.Add(weights.Draw(ClusterHash(image)), numerator, denominator);
//   PercentileInterval(sums.Values(), 0.95);
//
// Source: Chamandy et al., "Estimating uncertainty for massive data streams", 2012 (Poisson
// bootstrap).

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace vlmhb::evaluate {

// The same on every machine and in every version: FNV-1a, mixed.
uint64_t ClusterHash(std::string_view cluster);

// The cluster of a sample: that of its cell, or one of its own if the cell is empty (no image).
uint64_t SampleCluster(std::string_view cell, uint64_t sample_id);

// Draws from Poisson(1), cut to the grid of 1/65536: every probability is right to 10^-5 and no
// weight is above 8. Not thread-safe.
class PoissonWeights {
 public:
  PoissonWeights(size_t resamples, uint64_t seed);

  // Draws the weights of a cluster in all resamples; they stay until the next call. Returns *this.
  const PoissonWeights& Draw(uint64_t cluster);
  std::span<const double> values() const;

 private:
  friend class ReplicateSums;
  uint64_t seed_;
  size_t resamples_;
  std::vector<double> weights_;  // padded to whole blocks, as the loops need it
};

// Σ weight * numerator and Σ weight * denominator in every resample: 16 bytes a resample. Not
// thread-safe.
class ReplicateSums {
 public:
  explicit ReplicateSums(size_t resamples);

  // Adds sums of the cluster that `weights` drew last, in one call or in several. REQUIRES: as many
  // resamples.
  void Add(const PoissonWeights& weights, double numerator, double denominator);

  // The statistic in every resample; NaN in one that drew no sample.
  std::vector<double> Values() const;

  // Of resample `b`.
  double numerator(size_t b) const { return numerators_[b]; }
  double denominator(size_t b) const { return denominators_[b]; }

 private:
  size_t resamples_;
  std::vector<double> numerators_;
  std::vector<double> denominators_;
};

struct Interval {
  double low = 0;
  double high = 0;
};

// The central `level` of the replicates (linear interpolation between order statistics); NaN are
// left out. nullopt if nothing is left. REQUIRES: 0 < level < 1.
std::optional<Interval> PercentileInterval(std::vector<double> replicates, double level);

struct PairedDifference {
  double difference = 0;  // a - b
  Interval interval;
  // Two-sided: twice the smaller share of resamples whose difference is on one side of 0 (ties
  // count to both), at least 2 / (resamples + 1) and at most 1.
  double p_value = 1;
};

// Compares two runs by their replicates of one statistic under the same seed and resamples. nullopt
// if no resample has both. REQUIRES: equal sizes.
std::optional<PairedDifference> ComparePaired(double value_a, std::span<const double> replicates_a,
                                              double value_b, std::span<const double> replicates_b,
                                              double level);

}  // namespace vlmhb::evaluate
