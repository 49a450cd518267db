#pragma once
// What a run's inference folder says: failures, speed and memory, from answers.csv and
// requests.csv.

#include "os/file.h"
#include "report/report_model.h"

namespace vlmhb::report {

// Failures shown for one outcome.
inline constexpr size_t kFailureExamples = 3;

// Fills in run.speed, run.failures and, where nothing better is known, the counts. What is missing
// or damaged goes to run.notes. Memory: 8 bytes a row.
void CollectInference(const os::Path& folder, RunReport& run);

}  // namespace vlmhb::report
