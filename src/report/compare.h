#pragma once
// Ranks the runs of each section and tells whether the differences are more than chance: paired by
// sample, resampled by image with the weights that the evaluation used.

#include "report/report_model.h"
#include "report/report_spec.h"

namespace vlmhb::report {

// Fills in Section::comparisons. `spec` is what `report` was collected from; reads the runs'
// metrics_by_id.csv again, two at a time. Memory does not grow with the samples. A pair that cannot
// be compared says why in its note.
void CompareRuns(const ReportSpec& spec, Report& report);

}  // namespace vlmhb::report
