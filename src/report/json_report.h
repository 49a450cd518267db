#pragma once
// report.json (docs/formats/report.md): everything that the other two forms show.

#include "base/json.h"
#include "report/report_model.h"

namespace vlmhb::report {

inline constexpr const char* kReportSchema = "vlmhb.report/1";

json::object RenderJson(const Report& report);

// The verdict's name in files: "best", "worse", "no_significant_difference", …
const char* VerdictName(Verdict verdict);

}  // namespace vlmhb::report
