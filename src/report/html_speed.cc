// Speed and Memory: what the answers cost.

#include <fmt/format.h>

#include <algorithm>

#include "report/escape.h"
#include "report/format.h"
#include "report/html_parts.h"
#include "report/percentile.h"
#include "report/svg_chart.h"
#include "report/verdict.h"

namespace vlmhb::report::html {
namespace {

// Marks a percentile that comes from too few samples.
std::string PercentileCell(const Distribution& distribution, std::optional<double> value,
                           int percent) {
  if (!value) return std::string(kAbsent);
  const bool few = distribution.count < SamplesNeeded(percent);
  return FormatMillis(value) + (few ? "<sup>*</sup>" : "");
}

void AppendPercentiles(const Distribution& distribution, std::vector<std::string>& cells) {
  cells.push_back(PercentileCell(distribution, distribution.p50, 50));
  cells.push_back(PercentileCell(distribution, distribution.p90, 90));
  cells.push_back(PercentileCell(distribution, distribution.p99, 99));
}

std::string SpeedTable(const Report& report, const Section& section) {
  Table table("Speed by model",
              "<tr><th rowspan=\"2\" scope=\"col\">Model</th>"
              "<th colspan=\"3\" scope=\"colgroup\">Time to first token</th>"
              "<th colspan=\"3\" scope=\"colgroup\">Latency</th>"
              "<th colspan=\"2\" scope=\"colgroup\">Queue</th>"
              "<th scope=\"col\" rowspan=\"2\">Per output token, p50</th>"
              "<th scope=\"col\" rowspan=\"2\">Answers</th>"
              "<th scope=\"col\" rowspan=\"2\">Output tokens</th>"
              "<th scope=\"col\" rowspan=\"2\">Samples</th></tr><tr>"
              "<th scope=\"col\">p50</th><th scope=\"col\">p90</th><th scope=\"col\">p99</th>"
              "<th scope=\"col\">p50</th><th scope=\"col\">p90</th><th scope=\"col\">p99</th>"
              "<th scope=\"col\">p50</th><th scope=\"col\">p99</th></tr>");
  for (const size_t i : section.runs) {
    const vlmhb::report::Speed& speed = report.runs[i].speed;
    std::vector<std::string> cells{Name(report.runs[i].label)};
    AppendPercentiles(speed.ttft, cells);
    AppendPercentiles(speed.latency, cells);
    cells.push_back(PercentileCell(speed.queue, speed.queue.p50, 50));
    cells.push_back(PercentileCell(speed.queue, speed.queue.p99, 99));
    cells.push_back(PercentileCell(speed.tpot, speed.tpot.p50, 50));
    cells.push_back(FormatRate(speed.answers_per_second));
    cells.push_back(FormatRate(speed.tokens_per_second));
    cells.push_back(speed.latency.count > 0 ? FormatCount(speed.latency.count)
                                            : std::string(kAbsent));
    table.Row(cells);
  }
  return table.Finish();
}

using DistributionOf = Distribution vlmhb::report::Speed::*;

std::string DistributionFigure(const Report& report, const Section& section, const char* what,
                               DistributionOf of, const std::string& id) {
  QuantileChart chart{id,
                      std::string(what) + ", share of answers",
                      "logarithmic axis",
                      FormatMillisTick,
                      [](double ms) { return FormatMillis(ms); },
                      {}};
  std::vector<Series> series;
  for (const size_t i : section.runs) {
    const Distribution& distribution = report.runs[i].speed.*of;
    if (distribution.count == 0) continue;
    series.push_back({report.runs[i].label, StyleOf(report, i)});
    chart.curves.push_back({series.back(), distribution.curve});
  }
  const std::string svg = RenderQuantileChart(chart);
  if (svg.empty()) return "";
  return Figure(what, "share of answers at or below; marks at p50, p90 and p99",
                RenderLegend(series) + svg);
}

std::string ScatterFigure(const Report& report, const Section& section, const std::string& id) {
  if (section.comparisons.empty()) return "";
  const MetricDefinition& metric = section.comparisons.front().metric;
  const std::string unit = UnitOf(metric);
  ScatterChart chart{id,
                     MetricTitle(metric.name) + " against latency",
                     "latency, p50",
                     MetricTitle(metric.name) + (unit.empty() ? "" : ", " + unit),
                     FormatMillisTick,
                     [&metric](double value) { return FormatMetricTick(metric, value); },
                     {}};
  std::vector<Series> series;
  for (const size_t i : section.runs) {
    const RunReport& run = report.runs[i];
    const MetricValue* value = run.General(metric.name);
    if (value == nullptr || !value->value || !run.speed.latency.p50) continue;
    series.push_back({run.label, StyleOf(report, i)});
    chart.points.push_back({series.back(), *run.speed.latency.p50, *value->value, value->ci,
                            fmt::format("{}: {}, {}", run.label, FormatMetric(metric, value->value),
                                        FormatMillis(run.speed.latency.p50))});
  }
  const std::string svg = RenderScatterChart(chart);
  if (svg.empty()) return "";
  return Figure(Name(MetricTitle(metric.name)) + " against latency",
                metric.lower_is_better ? "better and faster is towards the lower left"
                                       : "better and faster is towards the upper left",
                RenderLegend(series) + svg);
}

}  // namespace

std::string Speed(const Report& report) {
  std::string out;
  for (size_t at = 0; at < report.sections.size(); ++at) {
    const Section& section = report.sections[at];
    const bool measured = std::any_of(section.runs.begin(), section.runs.end(), [&](size_t i) {
      return report.runs[i].speed.latency.count > 0;
    });
    out += SectionHeading(report, section);
    if (!measured) {
      out += "<p class=\"hint\">Not measured.</p>";
      continue;
    }
    out += SpeedTable(report, section) + "<div class=\"grid three\">" +
           DistributionFigure(report, section, "Latency", &vlmhb::report::Speed::latency,
                              fmt::format("l{}", at)) +
           DistributionFigure(report, section, "Time to first token", &vlmhb::report::Speed::ttft,
                              fmt::format("t{}", at)) +
           ScatterFigure(report, section, fmt::format("s{}", at)) + "</div>";
  }
  return out +
         fmt::format(
             "<p class=\"hint\"><sup>*</sup> From fewer samples than a sound bound needs (p90: "
             "{}, p99: {}); take it as a hint. Answers and tokens per second are over the time "
             "with a request in flight.</p>",
             SamplesNeeded(90), SamplesNeeded(99));
}

// A bar for each run; "" if none was measured.
std::string MemoryBars(const Report& report, std::optional<double> Speed::*megabytes,
                       std::string_view hint) {
  double most = 0;
  for (const RunReport& run : report.runs)
    most = std::max(most, (run.speed.*megabytes).value_or(0));
  if (most <= 0) return "";
  std::string out = "<ul class=\"bars\">";
  for (size_t i = 0; i < report.runs.size(); ++i) {
    const RunReport& run = report.runs[i];
    const std::optional<double> value = run.speed.*megabytes;
    out += fmt::format(
        "<li><span>{}</span><span class=\"number\">{}</span><i class=\"bar b{}\" "
        "style=\"width:{:.1f}%\"></i></li>",
        RunTitle(report, run), FormatMemory(value), StyleOf(report, i) % 8,
        value.value_or(0) / most * 100);
  }
  return out + fmt::format("</ul><p class=\"hint\">{}</p>", hint);
}

std::string Memory(const Report& report) {
  const std::string out =
      MemoryBars(report, &Speed::peak_memory_mb,
                 "Highest resident memory of the model's process tree.") +
      MemoryBars(report, &Speed::gpu_memory_mb,
                 "Highest memory of the model's tensors on GPUs, as its framework counts it.");
  return out.empty() ? "<p class=\"hint\">Not measured.</p>" : out;
}

}  // namespace vlmhb::report::html
