#pragma once
// All metrics of an evaluation, those of this program and those of plug-ins, behind one call for a
// batch of samples.

#include <atomic>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evaluate/spec.h"
#include "metrics/score.h"
#include "metrics/scratch.h"
#include "worker/metric_host.h"

namespace vlmhb::evaluate {

// Where the scores of a metric are among all scores of a sample. A corpus metric has one for each
// of its sums: numerator the number to be summed, denominator 1.
struct MetricColumns {
  size_t first = 0;
  size_t count = 1;
  bool corpus = false;
};

// One sample to be scored; all views stay valid until Score returns.
struct ScoredSample {
  std::string_view reference;
  std::string_view answer;
  std::span<const std::string> cells;  // of the annotation
  std::span<metrics::Score> scores;    // written: one per column; denominator 0: no score
  std::span<metrics::Score> values;    // written: one per metric, the sample's own value
  std::span<std::string> errors;       // written: one per metric; "": a plug-in did not fail on it
};

struct ScorerOptions {
  std::map<std::string, std::string> environment;  // of plug-ins
  std::function<void(std::string_view line)> log;  // what plug-ins say; may be empty
  const std::atomic<bool>* stop = nullptr;
};

// Not thread-safe.
class Scorer {
 public:
  // Starts the plug-ins of `metrics`, which outlives it. `columns` are those of the annotation.
  static Result<Scorer> Start(const std::vector<MetricSpec>& metrics,
                              const std::vector<std::string>& columns,
                              const ScorerOptions& options);

  const std::vector<MetricColumns>& columns() const { return columns_; }
  size_t width() const { return width_; }  // columns of all metrics

  // Errors mean that a plug-in is given up.
  Result<void> Score(std::span<ScoredSample> samples);

  // The values that corpus metric `metric` makes of lists of sums, nullopt where there is none.
  Result<std::vector<std::optional<double>>> Aggregate(size_t metric,
                                                       std::span<const std::vector<double>> sums);

 private:
  explicit Scorer(const std::vector<MetricSpec>& metrics) : metrics_(&metrics) {}
  void ScoreHere(size_t metric, std::span<ScoredSample> samples);
  Result<void> ScoreByPlugin(size_t metric, std::span<ScoredSample> samples);
  Result<void> ValuesOfCorpus(size_t metric, std::span<ScoredSample> samples);

  const std::vector<MetricSpec>* metrics_;
  std::vector<MetricColumns> columns_;
  std::vector<std::unique_ptr<worker::MetricHost>> plugins_;  // one per metric, null: ours
  size_t width_ = 0;
  metrics::Scratch scratch_;
};

}  // namespace vlmhb::evaluate
