// Summary, Quality and Groups: what was measured, and whether the differences are real.

#include <fmt/format.h>

#include <algorithm>

#include "report/escape.h"
#include "report/format.h"
#include "report/group_pivot.h"
#include "report/html_parts.h"
#include "report/svg_chart.h"
#include "report/verdict.h"

namespace vlmhb::report::html {
namespace {

constexpr size_t kMostChartRows = 24;
constexpr size_t kMostTableRows = 200;

std::string Direction(const MetricDefinition& metric) {
  return metric.lower_is_better ? "lower is better" : "higher is better";
}

std::string ValueCell(const MetricDefinition& metric, const MetricValue* value) {
  if (value == nullptr || !value->value) return std::string(kAbsent);
  const std::string ci = FormatInterval(metric, *value->value, value->ci);
  return FormatMetric(metric, value->value) +
         (ci.empty() ? "" : "<span class=\"ci\">" + ci + "</span>");
}

std::string ModelCell(const Report& report, size_t i) {
  const RunReport& run = report.runs[i];
  std::string cell = Name(run.label);
  if (!run.model_version.empty())
    cell += fmt::format(" <small>{}</small>", Name(run.model_version));
  if (!run.failure.empty()) cell += " <span class=\"tag bad\">run failed</span>";
  return cell;
}

std::string QualityTable(const Report& report, const Section& section) {
  std::vector<std::string> header{"Model"};
  for (const Comparison& comparison : section.comparisons)
    header.push_back(
        fmt::format("{} <abbr title=\"{}\">{}</abbr>", Name(MetricTitle(comparison.metric.name)),
                    Direction(comparison.metric), comparison.metric.lower_is_better ? "↓" : "↑"));
  header.insert(header.end(), {"Scored", "Coverage", "Failed"});
  Table table("Quality by model", header);
  for (const size_t i : section.runs) {
    const RunReport& run = report.runs[i];
    std::vector<std::string> cells{ModelCell(report, i)};
    for (const Comparison& comparison : section.comparisons) {
      std::string cell = ValueCell(comparison.metric, run.General(comparison.metric.name));
      if (comparison.best == i && comparison.best_is_significant)
        cell = "<span class=\"tag good\">★ best</span> <b>" + cell + "</b>";
      cells.push_back(std::move(cell));
    }
    for (std::string& cell : CountCells(run, section)) cells.push_back(std::move(cell));
    table.Row(cells);
  }
  return table.Finish();
}

std::string TooltipOf(const std::string& name, const MetricDefinition& metric,
                      const MetricValue& value) {
  return fmt::format("{}: {} {}", name, FormatMetric(metric, value.value),
                     FormatInterval(metric, *value.value, value.ci));
}

AxisFormat AxisOf(const MetricDefinition& metric) {
  return [metric](double value) { return FormatMetricTick(metric, value); };
}

std::string AxisTitle(const MetricDefinition& metric) {
  const std::string unit = UnitOf(metric);
  return MetricTitle(metric.name) + (unit.empty() ? "" : ", " + unit);
}

std::string QualityChart(const Report& report, const Section& section, const Comparison& comparison,
                         const std::string& id) {
  IntervalChart chart{id,
                      MetricTitle(comparison.metric.name) + " by model",
                      AxisTitle(comparison.metric),
                      AxisOf(comparison.metric),
                      {}};
  for (const size_t i : section.runs) {
    const MetricValue* value = report.runs[i].General(comparison.metric.name);
    IntervalRow row{report.runs[i].label, "", {}};
    if (value != nullptr && value->value) {
      row.value_text = FormatMetric(comparison.metric, value->value) + " " +
                       FormatInterval(comparison.metric, *value->value, value->ci);
      row.marks.push_back({StyleOf(report, i), *value->value, value->ci,
                           TooltipOf(report.runs[i].label, comparison.metric, *value)});
    }
    chart.rows.push_back(std::move(row));
  }
  const std::string svg = RenderIntervalChart(chart);
  if (svg.empty()) return "";
  return Figure(Name(MetricTitle(comparison.metric.name)), Direction(comparison.metric), svg);
}

std::string DifferenceTable(const Report& report, const Comparison& comparison) {
  const std::string metric = Name(MetricTitle(comparison.metric.name));
  Table table("Paired differences in " + metric,
              {metric, "Difference to the best", "Verdict", "Samples"});
  for (const Difference& difference : comparison.runs) {
    const bool compared = difference.difference.has_value();
    std::string cell(kAbsent);
    if (compared) cell = FormatDifference(comparison.metric, *difference.difference);
    if (difference.ci)
      cell += "<span class=\"ci\">" +
              FormatDifferenceInterval(comparison.metric, *difference.difference, *difference.ci) +
              "</span>";
    const char* css = difference.verdict == Verdict::kWorse ? "tag bad" : "tag";
    table.Row(
        {Name(report.runs[difference.run].label), cell,
         fmt::format("<span class=\"{}\">{}</span>", css, VerdictText(difference, EscapeHtml)),
         compared ? FormatCount(difference.samples) : std::string(kAbsent)});
  }
  std::string out = table.Finish();
  if (!comparison.best_is_significant)
    out += "<p class=\"hint\">No significant difference between the first two.</p>";
  return "<div>" + out + "</div>";
}

std::string Differences(const Report& report, const Section& section) {
  std::string out;
  for (const Comparison& comparison : section.comparisons)
    if (comparison.runs.size() > 1) out += DifferenceTable(report, comparison);
  if (out.empty()) return out;
  return "<details open><summary>Differences, paired by image</summary><div class=\"grid\">" + out +
         "</div></details>";
}

std::string GroupChart(const Report& report, const Section& section, const GroupPivot& pivot,
                       const MetricDefinition& metric, const std::string& id) {
  IntervalChart chart{id,
                      MetricTitle(metric.name) + " by " + GroupingTitle(pivot.by),
                      AxisTitle(metric),
                      AxisOf(metric),
                      {}};
  for (const GroupRow& group : pivot.rows) {
    if (chart.rows.size() == kMostChartRows) break;
    IntervalRow row{group.title, FormatCount(group.expected) + " samples", {}};
    for (size_t column = 0; column < section.runs.size(); ++column) {
      const size_t run = section.runs[column];
      const MetricValue* value = FindMetric(group.by_run[column], metric.name);
      if (value == nullptr || !value->value) continue;
      row.marks.push_back({StyleOf(report, run), *value->value, value->ci,
                           TooltipOf(report.runs[run].label, metric, *value)});
    }
    chart.rows.push_back(std::move(row));
  }
  return RenderIntervalChart(chart);
}

std::string GroupTable(const Report& report, const Section& section, const GroupPivot& pivot,
                       const MetricDefinition& metric) {
  std::vector<std::string> header{Name(GroupingTitle(pivot.by))};
  for (const size_t i : section.runs) header.push_back(Name(report.runs[i].label));
  header.push_back("Samples");
  Table table(Name(MetricTitle(metric.name)) + " by " + Name(GroupingTitle(pivot.by)), header);
  const size_t shown = std::min(pivot.rows.size(), kMostTableRows);
  for (size_t at = 0; at < shown; ++at) {
    const GroupRow& row = pivot.rows[at];
    std::vector<std::string> cells{Name(row.title)};
    for (const Group* group : row.by_run)
      cells.push_back(ValueCell(metric, FindMetric(group, metric.name)));
    cells.push_back(FormatCount(row.expected));
    table.Row(cells);
  }
  std::string out = table.Finish();
  if (shown < pivot.rows.size())
    out += fmt::format("<p class=\"hint\">{} more groups are in report.json.</p>",
                       pivot.rows.size() - shown);
  return out;
}

std::string GroupFigures(const Report& report, const Section& section, const std::string& id) {
  if (section.comparisons.empty()) return "";
  const MetricDefinition& metric = section.comparisons.front().metric;
  std::vector<Series> series;
  for (const size_t i : section.runs)
    if (report.runs[i].General(metric.name) != nullptr)
      series.push_back({report.runs[i].label, StyleOf(report, i)});
  std::string out;
  size_t number = 0;
  for (const GroupPivot& pivot : PivotGroups(report, section)) {
    const std::string chart =
        GroupChart(report, section, pivot, metric, fmt::format("{}-{}", id, number++));
    std::string subtitle = Direction(metric);
    if (pivot.rows.size() > kMostChartRows)
      subtitle += fmt::format("; the first {} of {} groups", kMostChartRows, pivot.rows.size());
    out += Figure(
        fmt::format("{} by {}", Name(MetricTitle(metric.name)), Name(GroupingTitle(pivot.by))),
        subtitle,
        RenderLegend(series) + chart + "<details><summary>Numbers</summary>" +
            GroupTable(report, section, pivot, metric) + "</details>");
  }
  return out;
}

}  // namespace

std::string Summary(const Report& report) {
  std::string out = "<section id=\"summary\" aria-label=\"Summary\">";
  for (const std::string& warning : report.warnings)
    out += "<p class=\"warning\" role=\"note\"><b>⚠ Warning.</b> " +
           Escaped(Shorten(warning, 500)) + "</p>";
  for (const Section& section : report.sections)
    out += fmt::format("<div class=\"verdict\"><p class=\"scope\">{}</p><p>{}</p></div>",
                       SectionScope(report, section, EscapeHtml),
                       Headline(report, section, EscapeHtml));
  for (const RunReport& run : report.runs)
    if (!run.failure.empty())
      out += fmt::format("<p class=\"warning\" role=\"note\"><b>✕ {} failed.</b> {}</p>",
                         Name(run.name), Escaped(Shorten(run.failure, 500)));
  return out + "</section>";
}

std::string Quality(const Report& report) {
  std::string out;
  for (size_t at = 0; at < report.sections.size(); ++at) {
    const Section& section = report.sections[at];
    out += SectionHeading(report, section) + QualityTable(report, section);
    std::string charts;
    for (size_t metric = 0; metric < section.comparisons.size(); ++metric)
      charts += QualityChart(report, section, section.comparisons[metric],
                             fmt::format("q{}-{}", at, metric));
    out += "<div class=\"grid\">" + charts + "</div>" + Differences(report, section);
  }
  return out;
}

std::string Groups(const Report& report) {
  std::string out;
  for (size_t at = 0; at < report.sections.size(); ++at) {
    const std::string figures = GroupFigures(report, report.sections[at], fmt::format("g{}", at));
    if (!figures.empty())
      out +=
          SectionHeading(report, report.sections[at]) + "<div class=\"grid\">" + figures + "</div>";
  }
  return out;
}

}  // namespace vlmhb::report::html
