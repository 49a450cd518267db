#include "report/verdict.h"

#include <fmt/format.h>

#include <algorithm>

#include "report/escape.h"
#include "report/format.h"

namespace vlmhb::report {
namespace {

std::string ValueText(const Report& report, const Comparison& comparison, size_t run) {
  const MetricValue* value = report.runs[run].General(comparison.metric.name);
  if (value == nullptr || !value->value) return std::string(kAbsent);
  const std::string ci = FormatInterval(comparison.metric, *value->value, value->ci);
  return FormatMetric(comparison.metric, value->value) + (ci.empty() ? "" : " " + ci);
}

std::string LeadText(const Comparison& comparison, const Difference& second) {
  const std::string lead = FormatDifference(comparison.metric, *second.difference);
  if (!second.ci) return lead;
  return lead + " " + FormatDifferenceInterval(comparison.metric, *second.difference, *second.ci);
}

std::string AgainstSecond(const Comparison& comparison, const Difference& second,
                          const std::string& second_name, const Escape& escape) {
  switch (second.verdict) {
    case Verdict::kWorse:
      return fmt::format("the difference to the second, {} ({}), is significant", second_name,
                         LeadText(comparison, second));
    case Verdict::kNoSignificantDifference:
      return fmt::format("the difference to {} ({}) is not significant", second_name,
                         LeadText(comparison, second));
    case Verdict::kBetterOnCommon:
      return fmt::format("but on the samples that both scored {} is better ({})", second_name,
                         LeadText(comparison, second));
    default:
      return fmt::format("it could not be compared with {}: {}", second_name, escape(second.note));
  }
}

}  // namespace

std::string ShowName(std::string_view name, const Escape& escape) {
  constexpr size_t kMostCharacters = 60;
  return escape(Shorten(name, kMostCharacters));
}

std::string Headline(const Report& report, const Section& section, const Escape& escape) {
  if (section.comparisons.empty() || !section.comparisons.front().best)
    return "No quality was measured.";
  const Comparison& comparison = section.comparisons.front();
  const std::string metric = ShowName(MetricTitle(comparison.metric.name), escape);
  const std::string best = ShowName(report.runs[*comparison.best].label, escape);
  const std::string value = ValueText(report, comparison, *comparison.best);
  if (comparison.runs.size() < 2) return fmt::format("{}: {} {}.", best, metric, value);
  const Difference& second = comparison.runs[1];
  const std::string second_name = ShowName(report.runs[second.run].label, escape);
  if (second.verdict == Verdict::kNoSignificantDifference)
    return fmt::format("No significant winner: {} has {} {}; {}.", best, metric, value,
                       AgainstSecond(comparison, second, second_name, escape));
  return fmt::format("{} is best: {} {}; {}.", best, metric, value,
                     AgainstSecond(comparison, second, second_name, escape));
}

std::string VerdictText(const Difference& difference, const Escape& escape) {
  switch (difference.verdict) {
    case Verdict::kBest:
      return "best value";
    case Verdict::kWorse:
      return "worse, significant";
    case Verdict::kNoSignificantDifference:
      return "no significant difference";
    case Verdict::kBetterOnCommon:
      return "better on the common samples";
    case Verdict::kNotComparable:
      break;
  }
  return "not comparable: " + escape(difference.note);
}

std::string SectionTitle(const Section& section, const Escape& escape) {
  if (section.task.empty()) return ShowName(section.dataset, escape);
  if (section.dataset.empty()) return ShowName(section.task, escape);
  return ShowName(section.task, escape) + " · " + ShowName(section.dataset, escape);
}

std::string SectionScope(const Report& report, const Section& section, const Escape& escape) {
  std::optional<int64_t> samples, images;
  for (const size_t i : section.runs) {
    samples = std::max(samples, report.runs[i].expected);
    images = std::max(images, report.runs[i].images);
  }
  const size_t runs = section.runs.size();
  std::string text =
      fmt::format("{} {} on {}", runs, runs == 1 ? "run" : "runs", SectionTitle(section, escape));
  if (samples) text += fmt::format(": {} samples", FormatCount(*samples));
  if (images) text += fmt::format(", {} images", FormatCount(*images));
  return text;
}

std::string GroupingTitle(std::string_view by) {
  if (by == "by_doc_type") return "document type";
  if (by == "by_doc_question") return "document type and question";
  std::string title(by.starts_with("by_") ? by.substr(3) : by);
  std::replace(title.begin(), title.end(), '_', ' ');
  return title;
}

std::vector<std::string> CountCells(const RunReport& run, const Section& section) {
  const MetricValue* value =
      section.comparisons.empty() ? nullptr : run.General(section.comparisons.front().metric.name);
  const std::string absent(kAbsent);
  return {value == nullptr ? absent : FormatCount(value->count),
          value == nullptr || !run.expected ? absent : FormatShare(value->count, *run.expected),
          FormatCount(run.failed)};
}

std::string MethodText(const Report& report) {
  double level = 0.95;
  for (const RunReport& run : report.runs)
    if (run.bootstrap) level = run.bootstrap->level;
  return fmt::format(
      "Intervals are {:g} % bootstrap intervals, resampled by image. Two runs are compared on the "
      "samples that both scored, with the same resamples; a difference is called significant when "
      "its interval excludes 0. Intervals are not corrected for the number of comparisons. With "
      "few "
      "images an interval is too narrow: in simulations a 95 % one held the true value in 74 % of "
      "cases with 3 images, 91 % with 10 and 94 % with 50 (docs/metrics.md). A failed request is "
      "counted as a failure and is never scored as an answer.",
      level * 100);
}

}  // namespace vlmhb::report
