#include "evaluate/outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/csv.h"
#include "base/text.h"
#include "os/file.h"

namespace vlmhb::evaluate {
namespace {

constexpr std::string_view kSchema = "vlmhb.statistics/1";
constexpr std::string_view kMetricsFile = "metrics.csv";
constexpr std::string_view kStatisticsFile = "statistics.json";

// Groups in the order of their keys.
std::vector<size_t> SortedGroups(const Grouping& grouping) {
  std::vector<size_t> order(grouping.groups().size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return grouping.groups()[a].key < grouping.groups()[b].key;
  });
  return order;
}

std::string Number(double value) { return fmt::format("{}", value); }

// The cells from `metric` on, which both kinds of CSV have.
void AppendMetricCells(const GroupCounts& counts, size_t m, const std::string& name,
                       const GroupStatistic& statistic, std::vector<std::string>& cells) {
  const GroupCounts::OfMetric& of_metric = counts.metrics[m];
  const bool sampled = counts.expected > 0;
  cells.push_back(name);
  cells.push_back(statistic.value ? Number(*statistic.value) : "");
  cells.push_back(statistic.interval ? Number(statistic.interval->low) : "");
  cells.push_back(statistic.interval ? Number(statistic.interval->high) : "");
  cells.push_back(std::to_string(of_metric.scored));
  cells.push_back(std::to_string(statistic.clusters));
  cells.push_back(std::to_string(counts.expected));
  cells.push_back(std::to_string(counts.failed));
  cells.push_back(std::to_string(counts.missing));
  cells.push_back(sampled ? Number(double(of_metric.scored) / double(counts.expected)) : "");
  cells.push_back(std::to_string(of_metric.unscorable));
}

std::vector<std::string> Header(std::vector<std::string> key_columns) {
  for (const char* column : {"metric", "value", "ci_low", "ci_high", "count", "clusters",
                             "expected", "failed", "missing", "coverage", "unscorable"}) {
    key_columns.emplace_back(column);
  }
  return key_columns;
}

// Appends the rows of grouping `g`, each beginning with what `key_cells` makes of a group.
template <typename KeyCells>
void AppendRows(const EvaluateSpec& spec, const Grouping& grouping,
                const std::vector<std::vector<GroupStatistic>>& statistics, KeyCells key_cells,
                std::string& csv) {
  for (const size_t i : SortedGroups(grouping)) {
    const Group& group = grouping.groups()[i];
    for (size_t m = 0; m < spec.metrics.size(); ++m) {
      std::vector<std::string> cells = key_cells(group);
      AppendMetricCells(group.counts, m, spec.metrics[m].name, statistics[i][m], cells);
      AppendCsvRecord(csv, cells);
    }
  }
}

json::object MetricDefinition(const MetricSpec& metric) {
  return {{"name", metric.name}, {"aggregate", metric.aggregate}, {"direction", metric.direction},
          {"unit", metric.unit}, {"range", metric.range},         {"params", metric.params}};
}

json::object GroupStatistics(const EvaluateSpec& spec, const Grouping& grouping, const Group& group,
                             const std::vector<GroupStatistic>& statistics) {
  json::object key;
  for (size_t c = 0; c < grouping.columns().size(); ++c) key[grouping.columns()[c]] = group.key[c];
  json::object metrics;
  for (size_t m = 0; m < spec.metrics.size(); ++m) {
    const GroupStatistic& statistic = statistics[m];
    json::value ci;
    if (statistic.interval) ci = {statistic.interval->low, statistic.interval->high};
    metrics[spec.metrics[m].name] = {{"value", OptionalToJson(statistic.value)},
                                     {"ci", ci},
                                     {"count", group.counts.metrics[m].scored},
                                     {"clusters", statistic.clusters},
                                     {"unscorable", group.counts.metrics[m].unscorable}};
  }
  return {{"by", grouping.name()},
          {"key", key},
          {"expected", group.counts.expected},
          {"failed", group.counts.failed},
          {"missing", group.counts.missing},
          {"metrics", metrics}};
}

json::object StatisticsObject(const EvaluateSpec& spec, std::span<const Grouping> groupings,
                              const Statistics& statistics, const EvaluationTotals& totals) {
  json::array metrics;
  for (const MetricSpec& metric : spec.metrics) metrics.push_back(MetricDefinition(metric));
  json::value cluster;  // null: there is no such column
  if (!totals.cluster_column.empty()) cluster = totals.cluster_column;
  json::object outcomes;
  for (const auto& [name, count] : totals.outcomes) outcomes[name] = count;
  json::array groups;
  for (size_t g = 0; g < groupings.size(); ++g) {
    for (const size_t i : SortedGroups(groupings[g])) {
      groups.push_back(
          GroupStatistics(spec, groupings[g], groupings[g].groups()[i], statistics.groups[g][i]));
    }
  }
  return {{"schema", kSchema},
          {"metrics", metrics},
          {"bootstrap",
           {{"resamples", spec.bootstrap.resamples},
            {"seed", int64_t(spec.bootstrap.seed)},
            {"cluster", cluster},
            {"level", spec.bootstrap.level}}},
          {"counts",
           {{"expected", totals.expected},
            {"answered", totals.answered},
            {"failed", totals.failed},
            {"missing", totals.missing},
            {"clusters", statistics.clusters}}},
          {"outcomes", outcomes},
          {"groups", groups}};
}

}  // namespace

Result<std::vector<std::string>> WriteOutputs(const EvaluateSpec& spec,
                                              std::span<const Grouping> groupings,
                                              const Statistics& statistics,
                                              const EvaluationTotals& totals) {
  std::vector<std::string> files;
  std::string all(kUtf8Bom);
  AppendCsvRecord(all, Header({"group_by", "group"}));
  for (size_t g = 0; g < groupings.size(); ++g) {
    const Grouping& grouping = groupings[g];
    AppendRows(
        spec, grouping, statistics.groups[g],
        [&](const Group& group) {
          return std::vector<std::string>{grouping.name(), Join(group.key, " | ")};
        },
        all);
    if (grouping.columns().empty()) continue;
    std::string one(kUtf8Bom);
    AppendCsvRecord(one, Header(grouping.columns()));
    AppendRows(
        spec, grouping, statistics.groups[g], [](const Group& group) { return group.key; }, one);
    files.push_back(fmt::format("metrics_{}.csv", Slug(grouping.name())));
    VLMHB_TRY(os::WriteFileAtomic(spec.output / files.back(), one));
  }
  files.emplace_back(kMetricsFile);
  VLMHB_TRY(os::WriteFileAtomic(spec.output / kMetricsFile, all));
  files.emplace_back(kStatisticsFile);
  VLMHB_TRY(
      os::WriteFileAtomic(spec.output / kStatisticsFile,
                          ToPrettyJson(StatisticsObject(spec, groupings, statistics, totals))));
  return files;
}

}  // namespace vlmhb::evaluate
