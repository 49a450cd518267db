#include "report/json_report.h"

#include "base/text.h"

namespace vlmhb::report {
namespace {

// Text from files may hold ill-formed UTF-8; JSON must not.
json::string Text(const std::string& text) { return json::string(SanitizeUtf8(text)); }

json::value ToJson(const std::optional<int64_t>& count) {
  return count ? json::value(*count) : json::value(nullptr);
}

json::value ToJson(const std::optional<Interval>& interval) {
  if (!interval) return nullptr;
  return json::array{interval->low, interval->high};
}

json::object ToJson(const MetricDefinition& metric) {
  return {{"name", Text(metric.name)},
          {"unit", Text(metric.unit)},
          {"aggregate", Text(metric.aggregate)},
          {"direction", metric.lower_is_better ? "lower" : "higher"},
          {"range", {OptionalToJson(metric.range_low), OptionalToJson(metric.range_high)}}};
}

json::object ToJson(const Group& group) {
  json::array key;
  for (const std::string& part : group.key) key.push_back(Text(part));
  json::object metrics;
  for (const auto& [name, value] : group.metrics)
    metrics[SanitizeUtf8(name)] = {{"value", OptionalToJson(value.value)},
                                   {"ci", ToJson(value.ci)},
                                   {"count", value.count},
                                   {"clusters", value.clusters},
                                   {"unscorable", value.unscorable}};
  return {{"by", Text(group.by)},   {"key", std::move(key)},    {"expected", group.expected},
          {"failed", group.failed}, {"missing", group.missing}, {"metrics", std::move(metrics)}};
}

json::object ToJson(const Distribution& distribution) {
  json::array curve;
  for (const double value : distribution.curve) curve.push_back(value);
  return {{"count", distribution.count},
          {"p50", OptionalToJson(distribution.p50)},
          {"p90", OptionalToJson(distribution.p90)},
          {"p99", OptionalToJson(distribution.p99)},
          {"quantiles", std::move(curve)}};
}

json::value ToJson(const std::optional<Bootstrap>& bootstrap) {
  if (!bootstrap) return nullptr;
  return {{"resamples", bootstrap->resamples},
          {"seed", bootstrap->seed},
          {"cluster", Text(bootstrap->cluster)},
          {"level", bootstrap->level}};
}

json::object ToJson(const Speed& speed) {
  return {{"ttft_ms", ToJson(speed.ttft)},
          {"tpot_ms", ToJson(speed.tpot)},
          {"latency_ms", ToJson(speed.latency)},
          {"queue_ms", ToJson(speed.queue)},
          {"active_seconds", OptionalToJson(speed.active_seconds)},
          {"answers_per_second", OptionalToJson(speed.answers_per_second)},
          {"tokens_per_second", OptionalToJson(speed.tokens_per_second)},
          {"peak_memory_mb", OptionalToJson(speed.peak_memory_mb)},
          {"gpu_memory_mb", OptionalToJson(speed.gpu_memory_mb)}};
}

json::object ToJson(const Sample& sample, const Report& report) {
  json::object object{{"id", sample.id},
                      {"outcome", Text(sample.outcome)},
                      {"error", Text(sample.error)},
                      {"image", Text(sample.image)},
                      {"images", sample.images},
                      {"expected", Text(sample.expected)},
                      {"answer", Text(sample.answer)},
                      {"value", OptionalToJson(sample.value)}};
  if (sample.picture >= 0)
    object["picture"] = "images/" + report.pictures[static_cast<size_t>(sample.picture)].file_name;
  if (!sample.picture_note.empty()) object["picture_note"] = Text(sample.picture_note);
  return object;
}

json::array ToJson(const std::vector<Sample>& samples, const Report& report) {
  json::array array;
  for (const Sample& sample : samples) array.push_back(ToJson(sample, report));
  return array;
}

json::value ToJson(const std::optional<Confusion>& confusion) {
  if (!confusion) return nullptr;
  json::array labels, samples;
  for (const std::string& label : confusion->labels) labels.push_back(Text(label));
  for (const std::vector<int64_t>& row : confusion->samples)
    samples.push_back(json::array(row.begin(), row.end()));
  return {{"labels", std::move(labels)}, {"samples", std::move(samples)}};
}

json::value ToJson(const std::optional<PageOrder>& order) {
  if (!order) return nullptr;
  json::array places;
  for (const PageOrder::Place& place : order->places)
    places.push_back({{"expected", place.expected}, {"right", place.right}});
  return {{"places", std::move(places)},
          {"samples", order->samples},
          {"no_list", order->no_list},
          {"other_length", order->other_length}};
}

json::object ToJson(const TaskReport& task) {
  json::array fields, choices, scripts;
  for (const FieldCount& field : task.fields)
    fields.push_back({{"path", Text(field.path)},
                      {"expected", field.expected},
                      {"equal", field.equal},
                      {"wrong", field.wrong},
                      {"missing", field.missing},
                      {"invented", field.invented}});
  for (const ChoiceCount& choice : task.choices)
    choices.push_back({{"letter", Text(choice.letter)},
                       {"expected", choice.expected},
                       {"answered", choice.answered},
                       {"right", choice.right}});
  for (const ScriptCount& script : task.scripts)
    scripts.push_back({{"script", Text(script.script)},
                       {"expected", script.expected},
                       {"answered", script.answered},
                       {"dropped", script.dropped}});
  return {{"fields", std::move(fields)},
          {"confusion", ToJson(task.confusion)},
          {"choices", std::move(choices)},
          {"order", ToJson(task.order)},
          {"scripts", std::move(scripts)}};
}

json::object ToJson(const RunReport& run, const Report& report) {
  json::array metrics, groups, failures, notes;
  for (const MetricDefinition& metric : run.metrics) metrics.push_back(ToJson(metric));
  for (const Group& group : run.groups) groups.push_back(ToJson(group));
  for (const Failure& failure : run.failures)
    failures.push_back({{"outcome", Text(failure.outcome)},
                        {"count", failure.count},
                        {"examples", ToJson(failure.examples, report)}});
  for (const std::string& note : run.notes) notes.push_back(Text(note));
  return {{"run", Text(run.name)},
          {"model", Text(run.model)},
          {"model_version", Text(run.model_version)},
          {"label", Text(run.label)},
          {"task", Text(run.task)},
          {"dataset", Text(run.dataset)},
          {"failure", run.failure.empty() ? json::value(nullptr) : json::value(Text(run.failure))},
          {"counts",
           {{"expected", ToJson(run.expected)},
            {"answered", ToJson(run.answered)},
            {"failed", ToJson(run.failed)},
            {"missing", ToJson(run.missing)},
            {"images", ToJson(run.images)}}},
          {"metrics", std::move(metrics)},
          {"bootstrap", ToJson(run.bootstrap)},
          {"groups", std::move(groups)},
          {"speed", ToJson(run.speed)},
          {"failures", std::move(failures)},
          {"worst_samples", ToJson(run.worst, report)},
          {"task_report", ToJson(run.task_report)},
          {"manifest", run.manifest ? json::value(*run.manifest) : json::value(nullptr)},
          {"notes", std::move(notes)}};
}

json::object ToJson(const Comparison& comparison, const Report& report) {
  json::array runs;
  for (const Difference& difference : comparison.runs)
    runs.push_back({{"run", Text(report.runs[difference.run].name)},
                    {"verdict", VerdictName(difference.verdict)},
                    {"difference", OptionalToJson(difference.difference)},
                    {"ci", ToJson(difference.ci)},
                    {"samples", difference.samples},
                    {"note", Text(difference.note)}});
  return {{"metric", Text(comparison.metric.name)},
          {"best", comparison.best ? json::value(Text(report.runs[*comparison.best].name))
                                   : json::value(nullptr)},
          {"best_is_significant", comparison.best_is_significant},
          {"runs", std::move(runs)}};
}

json::object ToJson(const Section& section, const Report& report) {
  json::array runs, comparisons;
  for (const size_t run : section.runs) runs.push_back(Text(report.runs[run].name));
  for (const Comparison& comparison : section.comparisons)
    comparisons.push_back(ToJson(comparison, report));
  return {{"task", Text(section.task)},
          {"dataset", Text(section.dataset)},
          {"runs", std::move(runs)},
          {"comparisons", std::move(comparisons)}};
}

}  // namespace

const char* VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kBest:
      return "best";
    case Verdict::kWorse:
      return "worse";
    case Verdict::kNoSignificantDifference:
      return "no_significant_difference";
    case Verdict::kBetterOnCommon:
      return "better_on_common_samples";
    case Verdict::kNotComparable:
      return "not_comparable";
  }
  return "not_comparable";
}

json::object RenderJson(const Report& report) {
  json::array runs, sections, warnings;
  for (const RunReport& run : report.runs) runs.push_back(ToJson(run, report));
  for (const Section& section : report.sections) sections.push_back(ToJson(section, report));
  for (const std::string& warning : report.warnings) warnings.push_back(Text(warning));
  return {{"schema", kReportSchema},
          {"title", Text(report.title)},
          {"experiment", Text(report.experiment)},
          {"generated_at", Text(report.generated_at)},
          {"vlmhb_version", VLMHB_VERSION},
          {"warnings", std::move(warnings)},
          {"sections", std::move(sections)},
          {"runs", std::move(runs)}};
}

}  // namespace vlmhb::report
