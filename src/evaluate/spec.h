#pragma once
// The evaluate stage's part of stage.json (docs/formats/stage.md), checked.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "data/dataset_view.h"
#include "metrics/table.h"
#include "os/file.h"

namespace vlmhb::evaluate {

struct MetricSpec {
  std::string name;  // of its columns
  std::string aggregate;
  std::string direction;
  std::string unit;
  json::array range;
  json::object params;
  std::optional<metrics::Metric> metric;  // of this program
  std::vector<std::string> command;       // or argv of its plug-in

  bool is_mean() const { return aggregate == "mean"; }
};

struct BootstrapSpec {
  size_t resamples = 1000;
  uint64_t seed = 0;
  std::string cluster;  // an annotation column
  double level = 0.95;
};

struct EvaluateSpec {
  std::string identity;
  os::Path output;
  os::Path answers;
  data::DatasetView dataset;
  std::vector<MetricSpec> metrics;
  std::vector<std::string> group_by;
  BootstrapSpec bootstrap;
};

// `stage` is the whole of stage.json. kCorrupt or kInvalidConfig names the member that is wrong.
Result<EvaluateSpec> ParseEvaluateSpec(const json::object& stage);

}  // namespace vlmhb::evaluate
