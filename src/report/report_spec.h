#pragma once
// The "report" member of stage.json (docs/formats/stage.md), as data.

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "os/file.h"

namespace vlmhb::report {

struct RunSpec {
  std::string run;
  std::string model;
  std::string model_version;
  std::string task;
  std::string task_report;  // which extra section: "text", "fields", …; "": none
  std::string dataset;
  std::optional<os::Path> inference;  // folders; nullopt: that stage did not run or failed
  std::optional<os::Path> evaluation;
  std::optional<os::Path> image_root;  // of the dataset view
  std::string image_column = "image_path";
  std::optional<os::Path> manifest;
  std::string failure;
};

struct ReportSpec {
  std::string title;
  std::vector<RunSpec> runs;
  size_t worst_samples = 10;
};

// kCorrupt names the run and the member that is wrong.
Result<ReportSpec> ParseReportSpec(const json::object& report);

}  // namespace vlmhb::report
