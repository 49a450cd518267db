#pragma once
// Reads the folders that a report's spec names into a Report. Nothing that is missing or damaged
// stops it: the run says what is absent and why.

#include <string>

#include "report/report_model.h"
#include "report/report_spec.h"

namespace vlmhb::report {

// All pictures together; the rest is named, but not shown. In base64 it is a third more.
inline constexpr size_t kMaxPicturesBytes = 4'500'000;

// Everything but the comparisons (compare.h). `experiment` and `generated_at` are shown as they
// are.
Report Collect(const ReportSpec& spec, const std::string& experiment,
               const std::string& generated_at);

}  // namespace vlmhb::report
