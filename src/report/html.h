#pragma once
// report.html: one file that opens offline. No script, no external request (a
// Content-Security-Policy forbids both), light and dark, readable on a phone and on paper. A pure
// function.

#include <string>

#include "report/report_model.h"

namespace vlmhb::report {

std::string RenderHtml(const Report& report);

}  // namespace vlmhb::report
