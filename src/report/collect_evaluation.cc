#include "report/collect_evaluation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "data/image_cell.h"
#include "report/csv_table.h"
#include "report/task_counter.h"
#include "report/worst_samples.h"
#include "store/outcome.h"

namespace vlmhb::report {
namespace {

// More of a text than is ever shown is not kept.
constexpr size_t kMaxTextBytes = 16'000;

std::optional<int64_t> FindCount(const json::object& object, std::string_view key) {
  const int64_t count = FindInt(object, key, -1);
  return count < 0 ? std::nullopt : std::optional<int64_t>(count);
}

std::optional<double> NumberAt(const json::array& array, size_t at) {
  if (at >= array.size() || !array[at].is_number()) return std::nullopt;
  return array[at].to_number<double>();
}

Result<MetricDefinition> ParseDefinition(const json::value& value) {
  if (!value.is_object()) return Error(ErrorCode::kCorrupt, "a metric is not an object");
  const json::object& object = value.get_object();
  MetricDefinition metric;
  VLMHB_ASSIGN(metric.name, GetString(object, "name"));
  if (const json::object* params = FindObject(object, "params")) metric.params = *params;
  metric.unit = FindString(object, "unit");
  metric.aggregate = FindString(object, "aggregate");
  metric.lower_is_better = FindString(object, "direction") == "lower";
  if (const json::array* range = FindArray(object, "range")) {
    metric.range_low = NumberAt(*range, 0);
    metric.range_high = NumberAt(*range, 1);
  }
  return metric;
}

MetricValue ParseValue(const json::object& object) {
  MetricValue metric;
  metric.value = FindNumber(object, "value");
  metric.count = FindInt(object, "count", 0);
  metric.clusters = FindInt(object, "clusters", 0);
  metric.unscorable = FindInt(object, "unscorable", 0);
  if (const json::array* ci = FindArray(object, "ci")) {
    const auto low = NumberAt(*ci, 0);
    const auto high = NumberAt(*ci, 1);
    if (low && high) metric.ci = Interval{*low, *high};
  }
  return metric;
}

Group ParseGroup(const json::object& object) {
  Group group;
  group.by = FindString(object, "by");
  if (const json::object* key = FindObject(object, "key"))
    for (const auto& part : *key)
      group.key.push_back(part.value().is_string() ? std::string(part.value().get_string())
                                                   : ToJson(part.value()));
  group.expected = FindInt(object, "expected", 0);
  group.failed = FindInt(object, "failed", 0);
  group.missing = FindInt(object, "missing", 0);
  if (const json::object* metrics = FindObject(object, "metrics"))
    for (const auto& metric : *metrics)
      if (metric.value().is_object())
        group.metrics[std::string(metric.key())] = ParseValue(metric.value().get_object());
  return group;
}

// nullopt for settings under which no interval can be made.
std::optional<Bootstrap> ParseBootstrap(const json::object& object) {
  constexpr int64_t kMostResamples = 1'000'000;
  Bootstrap bootstrap;
  bootstrap.resamples = FindInt(object, "resamples", 0);
  bootstrap.seed = FindInt(object, "seed", 0);
  bootstrap.cluster = FindString(object, "cluster");
  bootstrap.level = FindNumber(object, "level").value_or(0.95);
  const bool sane = bootstrap.resamples > 0 && bootstrap.resamples <= kMostResamples &&
                    bootstrap.level > 0 && bootstrap.level < 1;
  return sane ? std::optional<Bootstrap>(std::move(bootstrap)) : std::nullopt;
}

Result<void> ReadStatistics(const os::Path& file, RunReport& run) {
  VLMHB_ASSIGN(const std::string text, os::ReadFile(file));
  VLMHB_ASSIGN(const json::value value, ParseJson(text));
  if (!value.is_object()) return Error(ErrorCode::kCorrupt, "statistics.json is not an object");
  const json::object& object = value.get_object();
  VLMHB_ASSIGN(const json::array metrics, GetArray(object, "metrics"));
  for (const json::value& metric : metrics) {
    VLMHB_ASSIGN(MetricDefinition definition, ParseDefinition(metric));
    run.metrics.push_back(std::move(definition));
  }
  if (const json::object* bootstrap = FindObject(object, "bootstrap"))
    run.bootstrap = ParseBootstrap(*bootstrap);
  if (const json::object* counts = FindObject(object, "counts")) {
    run.expected = FindCount(*counts, "expected");
    run.answered = FindCount(*counts, "answered");
    run.failed = FindCount(*counts, "failed");
    run.missing = FindCount(*counts, "missing");
    run.images = FindCount(*counts, "clusters");
  }
  if (const json::array* groups = FindArray(object, "groups"))
    for (const json::value& group : *groups)
      if (group.is_object() && FindString(group.get_object(), "by") != "by_id")
        run.groups.push_back(ParseGroup(group.get_object()));
  return {};
}

// A sample with the best value there is does not belong among the worst.
bool IsPerfect(const MetricDefinition& metric, double value) {
  if (metric.lower_is_better) return value <= metric.range_low.value_or(0);
  return metric.range_high && value >= *metric.range_high;
}

void SetImage(std::string_view cell, Sample& sample) {
  const std::vector<std::string> images = data::ParseImageCell(cell);
  sample.images = images.size();
  sample.image = images.empty() ? "" : Truncate(images.front(), kMaxTextBytes);
}

void AddImagesToFailures(int64_t id, std::string_view image, RunReport& run) {
  for (Failure& failure : run.failures)
    for (Sample& sample : failure.examples)
      if (sample.id == id) SetImage(image, sample);
}

// metrics_by_id.csv puts the metrics last, so that an annotation column of a metric's name does not
// hide it.
Result<void> ReadSamples(const os::Path& file, const std::string& image_column,
                         size_t worst_samples, std::string_view task_report, RunReport& run) {
  VLMHB_ASSIGN(CsvTable table, CsvTable::Open(file));
  const MetricDefinition& metric = run.metrics.front();
  const auto id_column = table.Column("id");
  const auto outcome_column = table.Column("outcome");
  const auto expected_column = table.Column("answer");
  const auto answer_column = table.Column("model_answer");
  const auto image = table.Column(image_column);
  const auto value_column = table.LastColumn(metric.name);

  WorstSamples worst(worst_samples, metric.lower_is_better);
  TaskCounter counter(task_report, run.metrics);
  while (true) {
    VLMHB_ASSIGN(const bool more, table.Next());
    if (!more) break;
    const int64_t id = table.Integer(id_column).value_or(-1);
    AddImagesToFailures(id, table.Cell(image), run);
    const auto outcome = store::OutcomeFromName(table.Cell(outcome_column));
    if (outcome && store::IsAnswer(*outcome))
      counter.Add(table.Cell(expected_column), table.Cell(answer_column));
    const auto value = table.Number(value_column);
    if (!value || IsPerfect(metric, *value) || !worst.Wants(*value, id)) continue;
    Sample sample;
    sample.id = id;
    sample.outcome = table.Cell(outcome_column);
    sample.expected = Truncate(table.Cell(expected_column), kMaxTextBytes);
    sample.answer = Truncate(table.Cell(answer_column), kMaxTextBytes);
    SetImage(table.Cell(image), sample);
    sample.value = value;
    worst.Add(std::move(sample));
  }
  run.worst = worst.Take();
  run.task_report = counter.Take();
  return {};
}

}  // namespace

void CollectEvaluation(const os::Path& folder, const std::string& image_column,
                       size_t worst_samples, std::string_view task_report, RunReport& run) {
  const auto read = ReadStatistics(folder / "statistics.json", run);
  if (!read.ok()) {
    run.metrics.clear();
    run.groups.clear();
    run.notes.push_back("No quality: " + read.error().ToString());
    return;
  }
  if (run.metrics.empty()) return;
  const auto samples =
      ReadSamples(folder / "metrics_by_id.csv", image_column, worst_samples, task_report, run);
  if (!samples.ok()) run.notes.push_back("No worst samples: " + samples.error().ToString());
}

}  // namespace vlmhb::report
