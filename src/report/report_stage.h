#pragma once
// The report stage of docs/formats/stage.md: report.md, report.html, report.json and images/.

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace vlmhb::report {

// `spec` is the whole of stage.json. Writes to its `output` folder, result.json last. Runs that
// failed, and folders that are missing or damaged, are told in the report; an error is returned
// only when the spec is wrong or the output cannot be written.
Result<void> RunReportStage(const json::object& spec, const Clock& clock);

}  // namespace vlmhb::report
