#pragma once
// What a run's evaluation folder says: metrics with their intervals and groups, from
// statistics.json, and the worst samples, from metrics_by_id.csv.

#include <string>
#include <string_view>

#include "os/file.h"
#include "report/report_model.h"

namespace vlmhb::report {

// Fills in run.metrics, run.groups, the counts, run.worst, run.task_report as `task_report` asks
// for it, and the images of run.failures (collect those first). What is missing or damaged goes to
// run.notes. Memory does not grow with the samples.
void CollectEvaluation(const os::Path& folder, const std::string& image_column,
                       size_t worst_samples, std::string_view task_report, RunReport& run);

}  // namespace vlmhb::report
