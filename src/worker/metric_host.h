#pragma once
// A metric plug-in as the evaluation uses it: scores in batches, and values of corpus metrics. A
// sample on which the plug-in fails, crashes or hangs costs its own score and nothing else. Not
// thread-safe.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "worker/host.h"

namespace vlmhb::worker {

// How the scores of a metric become values, from its `hello`.
struct MetricShape {
  std::string name;
  std::string version;
  std::string aggregate;  // "mean", "ratio" or "corpus"
  size_t width = 1;       // numbers of one sample's score: 1, 2, or what a corpus metric says
};

// kInvalidConfig if its capabilities are not those of a metric.
Result<MetricShape> ShapeOf(const HelloReply& hello);

struct MetricSample {
  std::string_view prediction;
  std::string_view reference;
  std::span<const std::string> cells;  // as the names of the fields
};

struct MetricScore {
  std::vector<double> values;  // `width` numbers; empty: no score
  std::string error;           // why there is none, if the plug-in failed on it
};

struct MetricHostOptions {
  HostOptions host;
  std::vector<std::string> fields;  // names of the cells that samples have
  int restarts = 20;  // crashes, hangs and breaches that are borne before it is given up
};

class MetricHost {
 public:
  static Result<std::unique_ptr<MetricHost>> Start(MetricHostOptions options);

  const MetricShape& shape() const { return shape_; }

  // One score for each sample. After a crash the samples of the batch are asked one by one, so that
  // the one which caused it is known. An error means that the plug-in is given up.
  Result<std::vector<MetricScore>> Compute(std::span<const MetricSample> samples);

  // One value for each list of `width` sums; nullopt where it has none. REQUIRES: aggregate is
  // corpus.
  Result<std::vector<std::optional<double>>> Aggregate(std::span<const std::vector<double>> sums);

 private:
  MetricHost(MetricHostOptions options, MetricShape shape);
  Result<std::vector<MetricScore>> AskScores(std::span<const MetricSample> samples);
  Result<void> AskValues(std::span<const std::vector<double>> sums,
                         std::vector<std::optional<double>>& values);
  Result<std::vector<MetricScore>> OneByOne(std::span<const MetricSample> samples);
  Result<void> Restart(const Error& why);

  MetricHostOptions options_;
  MetricShape shape_;
  Host host_;
  int restarts_ = 0;
};

}  // namespace vlmhb::worker
