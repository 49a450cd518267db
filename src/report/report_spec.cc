#include "report/report_spec.h"

#include <fmt/format.h>

#include <algorithm>

namespace vlmhb::report {
namespace {

// More would not be read, and the picture budget would not hold them.
constexpr int64_t kMostWorstSamples = 100;

std::optional<os::Path> FindPath(const json::object& object, std::string_view key) {
  const std::string text = FindString(object, key);
  return text.empty() ? std::nullopt : std::optional<os::Path>(text);
}

Result<RunSpec> ParseRun(const json::value& value) {
  if (!value.is_object()) return Error(ErrorCode::kCorrupt, "a run is not an object");
  const json::object& object = value.get_object();
  RunSpec spec;
  VLMHB_ASSIGN(spec.run, GetString(object, "run"));
  VLMHB_ASSIGN(spec.model, GetString(object, "model"));
  spec.model_version = FindString(object, "model_version");
  spec.task = FindString(object, "task");
  spec.task_report = FindString(object, "report");
  spec.dataset = FindString(object, "dataset");
  spec.inference = FindPath(object, "inference");
  spec.evaluation = FindPath(object, "evaluation");
  spec.manifest = FindPath(object, "manifest");
  spec.failure = FindString(object, "failure");
  if (const json::object* view = FindObject(object, "dataset_view")) {
    spec.image_root = FindPath(*view, "root");
    if (const json::object* columns = FindObject(*view, "columns"))
      spec.image_column = FindString(*columns, "image", spec.image_column);
  }
  return spec;
}

}  // namespace

Result<ReportSpec> ParseReportSpec(const json::object& report) {
  ReportSpec spec;
  VLMHB_ASSIGN(spec.title, GetString(report, "title"));
  const int64_t worst = FindInt(report, "worst_samples", 10);
  spec.worst_samples = static_cast<size_t>(std::clamp<int64_t>(worst, 0, kMostWorstSamples));
  VLMHB_ASSIGN(const json::array runs, GetArray(report, "runs"));
  for (const json::value& value : runs) {
    auto run = ParseRun(value);
    if (!run.ok())
      return std::move(run).error().With(fmt::format("reading report.runs[{}]", spec.runs.size()));
    spec.runs.push_back(*std::move(run));
  }
  return spec;
}

}  // namespace vlmhb::report
