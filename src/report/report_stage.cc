#include "report/report_stage.h"

#include <string>
#include <vector>

#include "os/file.h"
#include "report/collect.h"
#include "report/compare.h"
#include "report/html.h"
#include "report/json_report.h"
#include "report/markdown.h"
#include "report/report_spec.h"
#include "store/events.h"
#include "store/result.h"

namespace vlmhb::report {
namespace {

Result<std::vector<std::string>> WriteReport(const Report& report, const os::Path& output) {
  std::vector<std::string> files;
  const auto write = [&](const std::string& name, std::string_view text) {
    files.push_back(name);
    return os::WriteFileAtomic(output / name, text);
  };
  if (!report.pictures.empty()) VLMHB_TRY(os::MakeFolders(output / "images"));
  for (const Picture& picture : report.pictures)
    VLMHB_TRY(write("images/" + picture.file_name, picture.bytes));
  VLMHB_TRY(write("report.json", ToPrettyJson(RenderJson(report))));
  VLMHB_TRY(write("report.md", RenderMarkdown(report)));
  VLMHB_TRY(write("report.html", RenderHtml(report)));
  return files;
}

Result<void> Run(const json::object& spec, const os::Path& output, const Clock& clock,
                 store::EventWriter& events) {
  store::StageResult result;
  result.started_at = FormatUtc(clock.Wall());
  VLMHB_ASSIGN(result.identity, GetString(spec, "identity"));
  VLMHB_ASSIGN(const json::object parameters, GetObject(spec, "report"));
  VLMHB_ASSIGN(const ReportSpec report_spec, ParseReportSpec(parameters));
  events.Started(report_spec.runs.size(), 0);

  Report report = Collect(report_spec, FindString(spec, "run"), result.started_at);
  CompareRuns(report_spec, report);
  VLMHB_ASSIGN(const std::vector<std::string> files, WriteReport(report, output));

  result.total = report.runs.size();
  result.ok = report.runs.size();
  events.Progress(result.ok, 0);
  result.finished_at = FormatUtc(clock.Wall());
  VLMHB_TRY(store::WriteResult(output, result, files));
  events.Finished(result.status());
  return {};
}

}  // namespace

Result<void> RunReportStage(const json::object& spec, const Clock& clock) {
  VLMHB_ASSIGN(const std::string folder, GetString(spec, "output"));
  const os::Path output(folder);
  VLMHB_TRY(os::MakeFolders(output));
  VLMHB_ASSIGN(store::EventWriter events, store::EventWriter::Open(output, clock));
  auto done = Run(spec, output, clock, events);
  if (!done.ok()) events.Failed(done.error());
  return done;
}

}  // namespace vlmhb::report
