#pragma once
// The report's sentences, the same in Markdown and HTML: who is best, and whether that is more than
// chance. Pure functions; names go through `escape`, so that the result is markup of the caller's
// kind.

#include <functional>
#include <string>
#include <string_view>

#include "report/report_model.h"

namespace vlmhb::report {

using Escape = std::function<std::string(std::string_view)>;

// A name as it is shown in running text and tables: shortened, then escaped.
std::string ShowName(std::string_view name, const Escape& escape);

// One sentence about the first metric of a section, for the top of the report.
std::string Headline(const Report& report, const Section& section, const Escape& escape);

// "worse", "no significant difference", …, for a table cell.
std::string VerdictText(const Difference& difference, const Escape& escape);

// "ocr · demo", from whichever of the two is known.
std::string SectionTitle(const Section& section, const Escape& escape);

// "3 models on ocr · demo: 96 samples, 80 images", one for each section.
std::string SectionScope(const Report& report, const Section& section, const Escape& escape);

// "by_doc_type" -> "document type".
std::string GroupingTitle(std::string_view by);

// Three cells of a quality table, for the section's first metric: samples scored, coverage (scored
// / expected), failures.
std::vector<std::string> CountCells(const RunReport& run, const Section& section);

// How the intervals and comparisons were made, for the end of the report.
std::string MethodText(const Report& report);

}  // namespace vlmhb::report
