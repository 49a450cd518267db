// Metrics and the bootstrap: what evaluation spends its time on.

#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "evaluate/bootstrap.h"
#include "metrics/table.h"

namespace vlmhb {
namespace {

using metrics::MakeMetric;
using metrics::Scratch;

std::string RandomText(std::mt19937& random, size_t letters) {
  static const std::vector<std::string> kLetters = {"а", "б", "в", "г", "д", "е", "и",
                                                    "к", "л", "м", "н", "о", "п", "р",
                                                    "с", "т", "у", " ", "1", "2"};
  std::string text;
  for (size_t i = 0; i < letters; ++i) text += kLetters[random() % kLetters.size()];
  return text;
}

// `text` with about `percent` per cent of its letters spoiled.
std::string Spoiled(std::mt19937& random, const std::string& text, unsigned percent) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const size_t bytes = (text[i] & 0x80) != 0 ? 2 : 1;
    if (random() % 100 < percent) {
      out += RandomText(random, random() % 3);
    } else {
      out += text.substr(i, bytes);
    }
    i += bytes;
  }
  return out;
}

// 4096 different pairs of `letters` Russian letters, `percent` of them wrong; one item is one pair.
void ScorePairs(benchmark::State& state, const char* metric_name) {
  std::mt19937 random(1);
  const size_t letters = size_t(state.range(0));
  std::vector<std::pair<std::string, std::string>> pairs;
  for (size_t i = 0; i < (letters > 1000 ? 8 : 4096); ++i) {
    const std::string text = RandomText(random, letters);
    pairs.emplace_back(text, Spoiled(random, text, unsigned(state.range(1))));
  }
  const metrics::Metric metric = MakeMetric(metric_name, {}).value();
  Scratch scratch;
  double sum = 0;
  size_t i = 0;
  for (auto _ : state) {
    const auto& [reference, answer] = pairs[i++ % pairs.size()];
    const auto score = metric.Compute(reference, answer, scratch);
    sum += score ? score->numerator : 0;
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(ScorePairs, cer, "cer")
    ->Args({20, 10})
    ->Args({60, 10})
    ->Args({300, 10})
    ->Args({10'000, 2})
    ->Args({10'000, 10})
    ->Args({10'000, 100})
    ->Args({100'000, 2});
BENCHMARK_CAPTURE(ScorePairs, wer, "wer")->Args({20, 10})->Args({300, 10})->Args({10'000, 10});
BENCHMARK_CAPTURE(ScorePairs, anls, "anls")->Args({20, 10});
BENCHMARK_CAPTURE(ScorePairs, exact_match, "exact_match")->Args({20, 10});

// One item is one cluster under 1,000 resamples.
void DrawWeights(benchmark::State& state) {
  evaluate::PoissonWeights weights(1000, 1);
  uint64_t cluster = 0;
  for (auto _ : state) benchmark::DoNotOptimize(weights.Draw(++cluster).values().data());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(DrawWeights);

// One item is one addition of a cluster to one metric of one group, 1,000 resamples.
void AddReplicates(benchmark::State& state) {
  evaluate::PoissonWeights weights(1000, 1);
  weights.Draw(1);
  std::vector<evaluate::ReplicateSums> sums(size_t(state.range(0)), evaluate::ReplicateSums(1000));
  size_t i = 0;
  for (auto _ : state) sums[i++ % sums.size()].Add(weights, 2, 20);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(AddReplicates)->Arg(12)->Arg(1000);

}  // namespace
}  // namespace vlmhb

BENCHMARK_MAIN();
