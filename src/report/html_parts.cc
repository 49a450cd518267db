#include "report/html_parts.h"

#include <fmt/format.h>

#include "report/escape.h"
#include "report/verdict.h"

namespace vlmhb::report::html {

Table::Table(std::string_view caption, std::string_view header_rows) {
  out_ = fmt::format(
      "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{}\"><table>"
      "<caption>{}</caption><thead>{}</thead><tbody>",
      caption, caption, header_rows);
}

Table::Table(std::string_view caption, const std::vector<std::string>& header, bool text_columns)
    : Table(caption, [&] {
        std::string row = "<tr>";
        for (const std::string& cell : header) row += "<th scope=\"col\">" + cell + "</th>";
        return row + "</tr>";
      }()) {
  if (text_columns) out_.replace(out_.find("<table>"), 7, "<table class=\"text\">");
}

void Table::Row(const std::vector<std::string>& cells) {
  empty_ = false;
  out_ += "<tr>";
  for (size_t i = 0; i < cells.size(); ++i)
    out_ += i == 0 ? "<th scope=\"row\">" + cells[i] + "</th>" : "<td>" + cells[i] + "</td>";
  out_ += "</tr>";
}

std::string Table::Finish() const { return out_ + "</tbody></table></div>"; }

std::string Escaped(std::string_view text) { return EscapeHtml(text); }

std::string Name(std::string_view name) { return ShowName(name, EscapeHtml); }

std::string RunTitle(const Report& report, const RunReport& run) {
  std::string title = Name(run.label);
  if (report.sections.size() > 1)
    title += fmt::format(" <small>{} · {}</small>", Name(run.task), Name(run.dataset));
  return title;
}

size_t StyleOf(const Report& report, size_t run) {
  std::vector<std::string_view> labels;
  for (size_t i = 0; i <= run; ++i) {
    const std::string_view label = report.runs[i].label;
    size_t at = 0;
    while (at < labels.size() && labels[at] != label) ++at;
    if (i == run) return at;
    if (at == labels.size()) labels.push_back(label);
  }
  return 0;
}

std::string SectionHeading(const Report& report, const Section& section) {
  if (report.sections.size() < 2) return "";
  return "<h3>" + SectionTitle(section, EscapeHtml) + "</h3>";
}

std::string Figure(std::string_view title, std::string_view subtitle, std::string_view body) {
  return fmt::format(
      "<figure class=\"card\"><figcaption><b>{}</b><span>{}</span></figcaption>{}</figure>", title,
      subtitle, body);
}

}  // namespace vlmhb::report::html
