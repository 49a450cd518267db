#pragma once
// report.md: GitHub-flavoured Markdown, for a pull request or a terminal. A pure function.

#include <string>

#include "report/report_model.h"

namespace vlmhb::report {

std::string RenderMarkdown(const Report& report);

}  // namespace vlmhb::report
