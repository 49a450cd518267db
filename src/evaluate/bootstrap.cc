#include "evaluate/bootstrap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "base/splitmix.h"

namespace vlmhb::evaluate {
namespace {

// The loops over resamples run in blocks of constant length, so that -O2 vectorises them.
constexpr size_t kBlock = 32;
constexpr size_t kDrawsPerHash = 4;  // 16 bits each

size_t Padded(size_t resamples) { return (resamples + kBlock - 1) / kBlock * kBlock; }

// A uniform 16-bit number u gives the weight k for which 65536 * P(X < k) <= u < 65536 * P(X <= k).
// 65536 * P(X <= k), rounded, for k = 0 to 7; 8 takes the rest.
constexpr std::array<uint16_t, 8> kThresholds = {24109, 48219, 60273, 64292,
                                                 65296, 65497, 65531, 65535};

void InvertPoisson(const uint16_t* uniform, double* weights) {
  uint16_t counts[kBlock] = {};
  for (const uint16_t threshold : kThresholds) {
    for (size_t i = 0; i < kBlock; ++i) counts[i] += uniform[i] >= threshold;
  }
  for (size_t i = 0; i < kBlock; ++i) weights[i] = double(int32_t(counts[i]));
}

}  // namespace

uint64_t ClusterHash(std::string_view cluster) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : cluster) hash = (hash ^ uint8_t(c)) * 0x100000001B3u;
  return SplitMix(hash);
}

uint64_t SampleCluster(std::string_view cell, uint64_t sample_id) {
  return cell.empty() ? SplitMix(sample_id + kSplitMixStep) : ClusterHash(cell);
}

PoissonWeights::PoissonWeights(size_t resamples, uint64_t seed)
    : seed_(SplitMix(seed + kSplitMixStep)), resamples_(resamples), weights_(Padded(resamples)) {}

const PoissonWeights& PoissonWeights::Draw(uint64_t cluster) {
  uint64_t counter = SplitMix(cluster ^ seed_);
  for (size_t block = 0; block < weights_.size(); block += kBlock) {
    uint16_t uniform[kBlock];
    for (size_t i = 0; i < kBlock; i += kDrawsPerHash) {
      counter += kSplitMixStep;
      const uint64_t bits = SplitMix(counter);
      for (size_t j = 0; j < kDrawsPerHash; ++j) uniform[i + j] = uint16_t(bits >> (16 * j));
    }
    InvertPoisson(uniform, &weights_[block]);
  }
  return *this;
}

std::span<const double> PoissonWeights::values() const {
  return std::span(weights_).first(resamples_);
}

ReplicateSums::ReplicateSums(size_t resamples)
    : resamples_(resamples), numerators_(Padded(resamples)), denominators_(Padded(resamples)) {}

void ReplicateSums::Add(const PoissonWeights& weights, double numerator, double denominator) {
  CHECK(weights.weights_.size() == numerators_.size(), "weights and sums have the same resamples");
  const double* weight = weights.weights_.data();
  for (size_t block = 0; block < numerators_.size(); block += kBlock) {
    double* numerators = &numerators_[block];
    double* denominators = &denominators_[block];
    for (size_t i = 0; i < kBlock; ++i) numerators[i] += weight[block + i] * numerator;
    for (size_t i = 0; i < kBlock; ++i) denominators[i] += weight[block + i] * denominator;
  }
}

std::vector<double> ReplicateSums::Values() const {
  std::vector<double> values(resamples_, std::numeric_limits<double>::quiet_NaN());
  for (size_t b = 0; b < resamples_; ++b) {
    if (denominators_[b] > 0) values[b] = numerators_[b] / denominators_[b];
  }
  return values;
}

std::optional<Interval> PercentileInterval(std::vector<double> replicates, double level) {
  std::erase_if(replicates, [](double value) { return std::isnan(value); });
  if (replicates.empty()) return std::nullopt;
  std::sort(replicates.begin(), replicates.end());
  const auto quantile = [&](double share) {
    const double position = share * double(replicates.size() - 1);
    const size_t below = size_t(position);
    const size_t above = std::min(below + 1, replicates.size() - 1);
    return replicates[below] + (position - double(below)) * (replicates[above] - replicates[below]);
  };
  return Interval{quantile((1 - level) / 2), quantile((1 + level) / 2)};
}

std::optional<PairedDifference> ComparePaired(double value_a, std::span<const double> replicates_a,
                                              double value_b, std::span<const double> replicates_b,
                                              double level) {
  CHECK(replicates_a.size() == replicates_b.size(), "both runs have the same resamples");
  std::vector<double> differences;
  size_t not_above = 0;
  size_t not_below = 0;
  for (size_t b = 0; b < replicates_a.size(); ++b) {
    const double difference = replicates_a[b] - replicates_b[b];
    if (std::isnan(difference)) continue;
    differences.push_back(difference);
    not_above += difference <= 0;
    not_below += difference >= 0;
  }
  if (differences.empty()) return std::nullopt;
  PairedDifference result;
  result.difference = value_a - value_b;
  const double smaller = double(std::min(not_above, not_below) + 1);
  result.p_value = std::min(1.0, 2 * smaller / double(differences.size() + 1));
  result.interval = *PercentileInterval(std::move(differences), level);
  return result;
}

}  // namespace vlmhb::evaluate
