// Failures, WorstSamples and Environment: what to look at when a number surprises.

#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"
#include "report/escape.h"
#include "report/format.h"
#include "report/html_parts.h"
#include "report/manifest_table.h"
#include "report/text_diff.h"

namespace vlmhb::report::html {
namespace {

// Both texts of a sample are cut to this before they are compared: the comparison takes the
// product.
constexpr size_t kMostTextCharacters = 1200;
constexpr size_t kMostErrorCharacters = 400;

std::string PieceText(const DiffPiece& piece) {
  std::string text = EscapeHtml(piece.text);
  if (!piece.changed) return text;
  // A line break that differs has to be seen.
  for (size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 4))
    text.insert(at, "⏎");
  return text;
}

std::string Highlighted(const std::vector<DiffPiece>& pieces, const char* tag) {
  std::string out;
  for (const DiffPiece& piece : pieces)
    out +=
        piece.changed ? fmt::format("<{}>{}</{}>", tag, PieceText(piece), tag) : PieceText(piece);
  return out.empty() ? "<em>empty</em>" : out;
}

std::string TextView(const char* title, bool whole, const std::string& markup) {
  return fmt::format("<div><h4>{}{}</h4><div class=\"read\" dir=\"auto\">{}</div></div>", title,
                     whole ? "" : " <small>(cut)</small>", markup);
}

std::string PictureView(const Report& report, const Sample& sample) {
  if (sample.picture < 0) {
    const std::string why = sample.picture_note.empty() ? "" : ": " + sample.picture_note;
    return "<p class=\"nopicture\">No picture" + Escaped(why) + "</p>";
  }
  const Picture& picture = report.pictures[static_cast<size_t>(sample.picture)];
  return fmt::format(
      "<details class=\"zoom\"><summary title=\"Enlarge\"><svg viewBox=\"0 0 {} {}\" "
      "style=\"max-width:{}px\" role=\"img\" aria-label=\"Image of sample {}\"><use "
      "href=\"#p{}\"/></svg></summary></details>",
      picture.width, picture.height, picture.width, sample.id, sample.picture);
}

std::string ImageName(const Sample& sample) {
  if (sample.images < 2) return Name(sample.image);
  return fmt::format("{} (the first of {} images)", Name(sample.image), sample.images);
}

std::string SampleCard(const Report& report, const MetricDefinition& metric, const Sample& sample) {
  const std::string expected = Shorten(sample.expected, kMostTextCharacters);
  const std::string answer = Shorten(sample.answer, kMostTextCharacters);
  const TextDiff diff = DiffTexts(expected, answer);
  return fmt::format(
             "<article class=\"card sample\"><header><b>Sample {}</b><span class=\"tag\">{} "
             "{}</span>"
             "</header><div class=\"parts\"><div>{}<p class=\"file\">{}</p></div>",
             sample.id, Name(MetricTitle(metric.name)), FormatMetric(metric, sample.value),
             PictureView(report, sample), ImageName(sample)) +
         TextView("Expected", sample.expected == expected, Highlighted(diff.expected, "del")) +
         TextView("Got", sample.answer == answer, Highlighted(diff.got, "ins")) +
         "</div></article>";
}

// Each picture once, however many samples show it.
std::string PictureDefinitions(const Report& report) {
  std::string out = "<svg width=\"0\" height=\"0\" class=\"defs\" aria-hidden=\"true\"><defs>";
  for (size_t i = 0; i < report.pictures.size(); ++i) {
    const Picture& picture = report.pictures[i];
    out +=
        fmt::format("<image id=\"p{}\" width=\"{}\" height=\"{}\" href=\"data:{};base64,{}\"/>", i,
                    picture.width, picture.height, picture.media_type, Base64Encode(picture.bytes));
  }
  return out + "</defs></svg>";
}

std::string Examples(const Failure& failure) {
  std::string out = "<ul>";
  for (const Sample& sample : failure.examples) {
    out += fmt::format("<li>sample {}", sample.id);
    if (!sample.image.empty()) out += ", " + ImageName(sample);
    out += ": " + Escaped(Shorten(sample.error, kMostErrorCharacters)) + "</li>";
  }
  return out + "</ul>";
}

}  // namespace

std::string Failures(const Report& report) {
  Table table("Failures by run and outcome", {"Model", "Outcome", "Count", "Examples"}, true);
  for (const RunReport& run : report.runs) {
    if (!run.failure.empty())
      table.Row({RunTitle(report, run), "<span class=\"tag bad\">the run failed</span>",
                 std::string(kAbsent), Escaped(Shorten(run.failure, kMostErrorCharacters))});
    for (const Failure& failure : run.failures)
      table.Row({RunTitle(report, run),
                 "<span class=\"tag bad\">" + Name(failure.outcome) + "</span>",
                 FormatCount(failure.count), Examples(failure)});
  }
  return table.empty() ? "<p class=\"hint\">No sample failed.</p>" : table.Finish();
}

std::string WorstSamples(const Report& report) {
  std::string out = PictureDefinitions(report);
  bool first = true;
  for (const RunReport& run : report.runs) {
    if (run.worst.empty()) continue;
    out += fmt::format(
        "<details{}><summary>{} <small>{} samples</small></summary>"
        "<div class=\"samples\">",
        first ? " open" : "", RunTitle(report, run), run.worst.size());
    for (const Sample& sample : run.worst) out += SampleCard(report, run.metrics.front(), sample);
    out += "</div></details>";
    first = false;
  }
  return first ? "<p class=\"hint\">No imperfect answer was scored.</p>" : out;
}

std::string Environment(const Report& report) {
  const ManifestTable manifests = TabulateManifests(report);
  std::string out;
  if (manifests.runs.empty()) {
    out = "<p class=\"hint\">No manifest was recorded.</p>";
  } else {
    const bool all_same = std::all_of(manifests.rows.begin(), manifests.rows.end(),
                                      [](const ManifestRow& row) { return row.same; });
    std::vector<std::string> header{"Setting"};
    if (all_same) header.push_back("All runs");
    for (const size_t run : manifests.runs)
      if (!all_same) header.push_back(RunTitle(report, report.runs[run]));
    Table table("Environment of the runs", header, true);
    for (const ManifestRow& row : manifests.rows) {
      std::vector<std::string> cells{Name(row.key)};
      for (const std::string& value : row.values) {
        cells.push_back(value.empty() ? std::string(kAbsent) : Escaped(value));
        if (all_same) break;
      }
      table.Row(cells);
    }
    out = table.Finish();
    if (manifests.left_out > 0)
      out += fmt::format("<p class=\"hint\">{} more settings are in report.json.</p>",
                         manifests.left_out);
  }
  std::string notes;
  for (const RunReport& run : report.runs)
    for (const std::string& note : run.notes)
      notes += "<li>" + Name(run.name) + ": " + Escaped(Shorten(note, 600)) + "</li>";
  if (!notes.empty()) out += "<h3>Notes</h3><ul class=\"notes\">" + notes + "</ul>";
  return out;
}

}  // namespace vlmhb::report::html
