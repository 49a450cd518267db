#pragma once
// The parts that html.cc puts together, one function for each section of the page, and the small
// helpers that they share. All are pure; all return markup.

#include <string>
#include <string_view>
#include <vector>

#include "report/report_model.h"

namespace vlmhb::report::html {

// A table in a box that scrolls sideways by itself, its first column fixed. Cells are markup.
class Table {
 public:
  // `caption` is for screen readers. Columns from the second on are numbers, aligned right, unless
  // `text_columns`.
  Table(std::string_view caption, const std::vector<std::string>& header,
        bool text_columns = false);
  // The same with a header row of its own: "<tr>…</tr>".
  Table(std::string_view caption, std::string_view header_rows);
  void Row(const std::vector<std::string>& cells);
  bool empty() const { return empty_; }
  std::string Finish() const;

 private:
  std::string out_;
  bool empty_ = true;
};

std::string Escaped(std::string_view text);
// Shortened and escaped.
std::string Name(std::string_view name);
// The run's label, with its task and dataset when the report has several sections.
std::string RunTitle(const Report& report, const RunReport& run);
// Number of the run's colour and shape: equal labels look alike in all sections.
size_t StyleOf(const Report& report, size_t run);
// "<h3>task · dataset</h3>" when the report has several sections.
std::string SectionHeading(const Report& report, const Section& section);
std::string Figure(std::string_view title, std::string_view subtitle, std::string_view body);

std::string Summary(const Report& report);
std::string Quality(const Report& report);
std::string Groups(const Report& report);
std::string Tasks(const Report& report);
std::string Speed(const Report& report);
std::string Memory(const Report& report);
std::string Failures(const Report& report);
std::string WorstSamples(const Report& report);
std::string Environment(const Report& report);

// The page's style sheet.
extern const char* const kStyle;

}  // namespace vlmhb::report::html
