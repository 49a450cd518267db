#include "evaluate/spec.h"

#include <fmt/format.h>

#include <algorithm>

namespace vlmhb::evaluate {
namespace {

constexpr int64_t kMaxResamples = 100'000;
constexpr size_t kMaxMetrics = 100;

Error Wrong(std::string message) { return Error(ErrorCode::kInvalidConfig, std::move(message)); }

Result<MetricSpec> ParseMetric(const json::value& value) {
  if (!value.is_object()) return Wrong("evaluate.metrics: every metric is an object");
  const json::object& object = value.get_object();
  VLMHB_ASSIGN(const std::string name, GetString(object, "name"));
  const json::object* found = FindObject(object, "params");
  const json::object params = found != nullptr ? *found : json::object{};
  std::optional<metrics::Metric> own;
  const std::vector<std::string> command = FindStrings(object, "command");
  if (command.empty()) {
    VLMHB_ASSIGN(const std::string implementation, GetString(object, "implementation"));
    auto metric = metrics::MakeMetric(implementation, params);
    if (!metric.ok()) return std::move(metric).error().With("setting up metric " + name);
    own = *std::move(metric);
  }
  const json::array* range = FindArray(object, "range");
  MetricSpec spec{.name = name,
                  .aggregate = FindString(object, "aggregate"),
                  .direction = FindString(object, "direction"),
                  .unit = FindString(object, "unit"),
                  .range = range != nullptr ? *range : json::array{},
                  .params = params,
                  .metric = own,
                  .command = command};
  const bool known = spec.aggregate == "ratio" || spec.aggregate == "mean" ||
                     (spec.aggregate == "corpus" && !command.empty());
  if (!known) {
    return Wrong(
        fmt::format("metric {}: aggregate must be \"ratio\" or \"mean\" (of a plug-in "
                    "also \"corpus\"), not \"{}\"",
                    name, spec.aggregate));
  }
  return spec;
}

Result<std::vector<MetricSpec>> ParseMetrics(const json::array& array) {
  if (array.empty()) return Wrong("evaluate.metrics is empty: name at least one metric");
  if (array.size() > kMaxMetrics) {
    return Wrong(fmt::format("evaluate.metrics has {} metrics; at most {} are possible",
                             array.size(), kMaxMetrics));
  }
  std::vector<MetricSpec> specs;
  for (const json::value& value : array) {
    VLMHB_ASSIGN(MetricSpec spec, ParseMetric(value));
    const bool twice = std::any_of(specs.begin(), specs.end(), [&](const MetricSpec& other) {
      return other.name == spec.name;
    });
    if (twice) return Wrong(fmt::format("metric {} is named twice", spec.name));
    specs.push_back(std::move(spec));
  }
  return specs;
}

Result<BootstrapSpec> ParseBootstrap(const json::object& object) {
  BootstrapSpec spec;
  const int64_t resamples = FindInt(object, "resamples", int64_t(spec.resamples));
  if (resamples < 1 || resamples > kMaxResamples) {
    return Wrong(
        fmt::format("bootstrap.resamples must be 1 to {}, not {}", kMaxResamples, resamples));
  }
  spec.resamples = size_t(resamples);
  VLMHB_ASSIGN(const int64_t seed, GetInt(object, "seed"));
  spec.seed = uint64_t(seed);
  VLMHB_ASSIGN(spec.cluster, GetString(object, "cluster"));
  spec.level = FindNumber(object, "level").value_or(spec.level);
  if (!(spec.level > 0 && spec.level < 1)) {
    return Wrong(fmt::format("bootstrap.level must be between 0 and 1, not {}", spec.level));
  }
  return spec;
}

}  // namespace

Result<EvaluateSpec> ParseEvaluateSpec(const json::object& stage) {
  EvaluateSpec spec;
  VLMHB_ASSIGN(spec.identity, GetString(stage, "identity"));
  VLMHB_ASSIGN(spec.output, GetString(stage, "output"));
  VLMHB_ASSIGN(const json::object evaluate, GetObject(stage, "evaluate"));
  VLMHB_ASSIGN(spec.answers, GetString(evaluate, "answers"));
  VLMHB_ASSIGN(const json::object dataset, GetObject(evaluate, "dataset"));
  VLMHB_ASSIGN(spec.dataset, data::ParseDatasetView(dataset));
  VLMHB_ASSIGN(const json::array metric_array, GetArray(evaluate, "metrics"));
  VLMHB_ASSIGN(spec.metrics, ParseMetrics(metric_array));
  VLMHB_ASSIGN(const json::array group_by, GetArray(evaluate, "group_by"));
  for (const json::value& value : group_by) {
    if (!value.is_string()) return Wrong("evaluate.group_by: every grouping is a string");
    spec.group_by.emplace_back(value.get_string());
  }
  VLMHB_ASSIGN(const json::object bootstrap, GetObject(evaluate, "bootstrap"));
  VLMHB_ASSIGN(spec.bootstrap, ParseBootstrap(bootstrap));
  return spec;
}

}  // namespace vlmhb::evaluate
