#include "report/markdown.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/escape.h"
#include "report/format.h"
#include "report/group_pivot.h"
#include "report/manifest_table.h"
#include "report/percentile.h"
#include "report/task_tables.h"
#include "report/verdict.h"

namespace vlmhb::report {
namespace {

constexpr size_t kMostGroupRows = 100;
constexpr size_t kMostTextCharacters = 200;

std::string Escaped(std::string_view text) { return EscapeMarkdown(text); }

std::string Name(std::string_view name) { return ShowName(name, Escaped); }

std::string Cell(std::string_view text) { return Escaped(Shorten(text, kMostTextCharacters)); }

// Right-aligned from the second column on, since those are numbers, unless told otherwise.
class Table {
 public:
  Table(std::vector<std::string> header, bool numbers = true) {
    out_ = Line(header) + "|";
    for (size_t i = 0; i < header.size(); ++i) out_ += numbers && i > 0 ? " ---: |" : " --- |";
    out_ += "\n";
  }
  void Row(const std::vector<std::string>& cells) { out_ += Line(cells); }
  std::string Finish() const { return out_ + "\n"; }

 private:
  static std::string Line(const std::vector<std::string>& cells) {
    std::string line = "|";
    for (const std::string& cell : cells) line += " " + cell + " |";
    return line + "\n";
  }
  std::string out_;
};

std::string ValueCell(const MetricDefinition& metric, const MetricValue* value) {
  if (value == nullptr || !value->value) return std::string(kAbsent);
  const std::string ci = FormatInterval(metric, *value->value, value->ci);
  return FormatMetric(metric, value->value) + (ci.empty() ? "" : " " + ci);
}

std::string QualityTable(const Report& report, const Section& section) {
  std::vector<std::string> header{"model"};
  for (const Comparison& comparison : section.comparisons)
    header.push_back(Name(MetricTitle(comparison.metric.name)) +
                     (comparison.metric.lower_is_better ? " ↓" : " ↑"));
  header.insert(header.end(), {"scored", "coverage", "failed"});
  Table table(header);
  for (const size_t i : section.runs) {
    const RunReport& run = report.runs[i];
    std::vector<std::string> cells{Name(run.label)};
    for (const Comparison& comparison : section.comparisons) {
      std::string cell = ValueCell(comparison.metric, run.General(comparison.metric.name));
      if (comparison.best == i && comparison.best_is_significant) cell = "**" + cell + "**";
      cells.push_back(std::move(cell));
    }
    for (std::string& cell : CountCells(run, section)) cells.push_back(std::move(cell));
    table.Row(cells);
  }
  return table.Finish();
}

std::string Differences(const Report& report, const Section& section) {
  std::string out;
  for (const Comparison& comparison : section.comparisons) {
    if (comparison.runs.size() < 2) continue;
    const std::string metric = Name(MetricTitle(comparison.metric.name));
    Table table({metric + ": model", "difference to the best", "interval", "samples", "verdict"});
    for (const Difference& difference : comparison.runs) {
      const bool compared = difference.difference.has_value();
      table.Row({Name(report.runs[difference.run].label),
                 compared ? FormatDifference(comparison.metric, *difference.difference)
                          : std::string(kAbsent),
                 difference.ci ? FormatDifferenceInterval(comparison.metric, *difference.difference,
                                                          *difference.ci)
                               : std::string(kAbsent),
                 compared ? FormatCount(difference.samples) : std::string(kAbsent),
                 VerdictText(difference, Escaped)});
    }
    out += table.Finish();
    if (!comparison.best_is_significant)
      out += fmt::format("No significant difference in {} between the first two.\n\n", metric);
  }
  return out.empty() ? "" : "#### Differences, paired by image\n\n" + out;
}

std::string GroupTable(const Report& report, const Section& section, const GroupPivot& pivot,
                       const MetricDefinition& metric) {
  std::vector<std::string> header{Name(GroupingTitle(pivot.by))};
  for (const size_t i : section.runs) header.push_back(Name(report.runs[i].label));
  header.push_back("samples");
  Table table(header);
  const size_t shown = std::min(pivot.rows.size(), kMostGroupRows);
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
    out += fmt::format("{} more groups are in report.json.\n\n", pivot.rows.size() - shown);
  return out;
}

std::string Groups(const Report& report, const Section& section) {
  std::string out;
  if (section.comparisons.empty()) return out;
  const MetricDefinition& metric = section.comparisons.front().metric;
  for (const GroupPivot& pivot : PivotGroups(report, section))
    out += fmt::format("#### {} by {}\n\n", Name(MetricTitle(metric.name)),
                       Name(GroupingTitle(pivot.by))) +
           GroupTable(report, section, pivot, metric);
  return out;
}

std::string TaskCellText(const TaskCell& cell) {
  const std::string text = Cell(cell.text);
  if (cell.detail.empty()) return cell.tone == TaskCell::Tone::kGood ? "**" + text + "**" : text;
  return text + " (" + Cell(cell.detail) + ")";
}

std::string TaskTables(const Report& report, const Section& section) {
  std::string out;
  for (const TaskTable& tabulated : TabulateTask(report, section)) {
    std::vector<std::string> header;
    for (const std::string& name : tabulated.header) header.push_back(Name(name));
    Table table(header);
    for (const TaskTable::Row& row : tabulated.rows) {
      std::vector<std::string> cells{Name(row.name)};
      for (const TaskCell& cell : row.cells) cells.push_back(TaskCellText(cell));
      table.Row(cells);
    }
    out += "#### " + Name(tabulated.title) + "\n\n" + table.Finish();
    if (!tabulated.hint.empty()) out += Escaped(tabulated.hint) + "\n\n";
  }
  return out;
}

std::string Quality(const Report& report) {
  std::string out = "## Quality\n\n";
  for (const Section& section : report.sections) {
    out += "### " + SectionTitle(section, Escaped) + "\n\n";
    out += Headline(report, section, Escaped) + "\n\n";
    out += QualityTable(report, section);
    out += Differences(report, section) + Groups(report, section) + TaskTables(report, section);
  }
  return out;
}

std::string PercentileCell(const Distribution& distribution, std::optional<double> value,
                           int percent) {
  if (!value) return std::string(kAbsent);
  const bool few = distribution.count < SamplesNeeded(percent);
  return FormatMillis(value) + (few ? "\\*" : "");
}

void DurationRow(Table& table, const RunReport& run, const char* what,
                 const Distribution& distribution) {
  if (distribution.count == 0) return;
  table.Row({Name(run.name), what, PercentileCell(distribution, distribution.p50, 50),
             PercentileCell(distribution, distribution.p90, 90),
             PercentileCell(distribution, distribution.p99, 99), FormatCount(distribution.count)});
}

std::string SpeedAndMemory(const Report& report) {
  std::string out = "## Speed\n\n";
  Table durations({"run", "duration", "p50", "p90", "p99", "samples"});
  Table rates({"run", "answers", "output tokens", "time at work"});
  const bool gpus = std::any_of(report.runs.begin(), report.runs.end(), [](const RunReport& run) {
    return run.speed.gpu_memory_mb.has_value();
  });
  std::vector<std::string> memory_columns = {"run", "peak memory of the model's processes"};
  if (gpus) memory_columns.push_back("of its tensors on GPUs");
  Table memory(memory_columns);
  for (const RunReport& run : report.runs) {
    DurationRow(durations, run, "time to first token", run.speed.ttft);
    DurationRow(durations, run, "latency", run.speed.latency);
    DurationRow(durations, run, "time per output token", run.speed.tpot);
    DurationRow(durations, run, "queue", run.speed.queue);
    const auto seconds = run.speed.active_seconds;
    rates.Row({Name(run.name), FormatRate(run.speed.answers_per_second),
               FormatRate(run.speed.tokens_per_second),
               FormatMillis(seconds ? std::optional<double>(*seconds * 1000) : std::nullopt)});
    std::vector<std::string> cells = {Name(run.name), FormatMemory(run.speed.peak_memory_mb)};
    if (gpus) cells.push_back(FormatMemory(run.speed.gpu_memory_mb));
    memory.Row(cells);
  }
  out += durations.Finish();
  out += fmt::format(
      "\\* From fewer samples than a sound bound needs (p90: {}, p99: {}); take it as a hint.\n\n",
      SamplesNeeded(90), SamplesNeeded(99));
  out += rates.Finish() + "## Memory\n\n" + memory.Finish();
  return out;
}

std::string Failures(const Report& report) {
  std::string out = "## Failures\n\n";
  bool any = false;
  Table table({"run", "outcome", "count", "examples"}, false);
  for (const RunReport& run : report.runs) {
    if (!run.failure.empty())
      table.Row({Name(run.name), "the run failed", std::string(kAbsent), Cell(run.failure)});
    for (const Failure& failure : run.failures) {
      std::string examples;
      for (const Sample& sample : failure.examples)
        examples += (examples.empty() ? "" : "; ") +
                    fmt::format("sample {}: {}", sample.id, Cell(sample.error));
      table.Row({Name(run.name), Escaped(failure.outcome), FormatCount(failure.count), examples});
    }
    any = any || !run.failure.empty() || !run.failures.empty();
  }
  out += any ? table.Finish() : "No sample failed.\n\n";
  return out;
}

std::string PictureCell(const Report& report, const Sample& sample) {
  const std::string more =
      sample.images < 2 ? "" : fmt::format(" (the first of {} images)", sample.images);
  if (sample.picture < 0) return Cell(sample.image) + more;
  const Picture& picture = report.pictures[static_cast<size_t>(sample.picture)];
  return fmt::format("[{}](images/{}){}", Cell(sample.image), picture.file_name, more);
}

std::string WorstSamplesOf(const Report& report) {
  std::string out = "## Worst samples\n\n";
  for (const RunReport& run : report.runs) {
    if (run.worst.empty()) continue;
    const MetricDefinition& metric = run.metrics.front();
    out += "### " + Name(run.name) + "\n\n";
    Table table({"sample", "image", "expected", "got", Name(MetricTitle(metric.name))}, false);
    for (const Sample& sample : run.worst)
      table.Row({std::to_string(sample.id), PictureCell(report, sample), Cell(sample.expected),
                 Cell(sample.answer), FormatMetric(metric, sample.value)});
    out += table.Finish();
  }
  return out;
}

std::string Environment(const Report& report) {
  const ManifestTable manifests = TabulateManifests(report);
  std::string out = "## Environment\n\n";
  if (manifests.runs.empty()) return out + "No manifest was recorded.\n\n";
  std::vector<std::string> header{"setting"};
  for (const size_t run : manifests.runs) header.push_back(Name(report.runs[run].name));
  Table table(header, false);
  for (const ManifestRow& row : manifests.rows) {
    std::vector<std::string> cells{Cell(row.key)};
    for (const std::string& value : row.values)
      cells.push_back(value.empty() ? std::string(kAbsent) : Cell(value));
    table.Row(cells);
  }
  out += table.Finish();
  if (manifests.left_out > 0)
    out += fmt::format("{} more settings are in report.json.\n\n", manifests.left_out);
  return out;
}

std::string Notes(const Report& report) {
  std::string out;
  for (const RunReport& run : report.runs)
    for (const std::string& note : run.notes)
      out += fmt::format("- {}: {}\n", Name(run.name), Cell(note));
  return out.empty() ? "" : "## Notes\n\n" + out + "\n";
}

}  // namespace

std::string RenderMarkdown(const Report& report) {
  std::string out = "# " + Name(report.title) + "\n\n";
  for (const Section& section : report.sections)
    out += "- " + SectionScope(report, section, Escaped) + "\n";
  out += "\n";
  for (const std::string& warning : report.warnings) out += "> ⚠ " + Cell(warning) + "\n>\n";
  if (!report.warnings.empty()) out += "\n";
  out += Quality(report) + SpeedAndMemory(report) + Failures(report) + WorstSamplesOf(report) +
         Environment(report) + Notes(report);
  out += fmt::format("Made by vlmhb {} on {}. {}\n", VLMHB_VERSION, Cell(report.generated_at),
                     MethodText(report));
  return out;
}

}  // namespace vlmhb::report
