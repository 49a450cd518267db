// What tasks show beyond metrics: fields, confusion matrices, letters, places, scripts.

#include <fmt/format.h>

#include "report/html_parts.h"
#include "report/task_tables.h"

namespace vlmhb::report::html {
namespace {

std::string Cell(const TaskCell& cell) {
  std::string out = Escaped(cell.text);
  if (!cell.detail.empty()) out += "<span class=\"ci\">" + Escaped(cell.detail) + "</span>";
  if (cell.tone == TaskCell::Tone::kPlain || cell.strength == 0) return out;
  const char* tone = cell.tone == TaskCell::Tone::kGood ? "good" : "bad";
  return fmt::format("<span class=\"cell {} s{}\">{}</span>", tone, cell.strength, out);
}

std::string Render(const TaskTable& tabulated) {
  std::vector<std::string> header;
  for (const std::string& name : tabulated.header) header.push_back(Name(name));
  Table table(Name(tabulated.title), header);
  for (const TaskTable::Row& row : tabulated.rows) {
    std::vector<std::string> cells{Name(row.name)};
    for (const TaskCell& cell : row.cells) cells.push_back(Cell(cell));
    table.Row(cells);
  }
  std::string body = table.Finish();
  if (!tabulated.hint.empty()) body += "<p class=\"hint\">" + Escaped(tabulated.hint) + "</p>";
  return Figure(Name(tabulated.title), "", body);
}

}  // namespace

std::string Tasks(const Report& report) {
  std::string out;
  for (const Section& section : report.sections) {
    std::string tables;
    for (const TaskTable& table : TabulateTask(report, section)) tables += Render(table);
    if (!tables.empty())
      out += SectionHeading(report, section) + "<div class=\"grid\">" + tables + "</div>";
  }
  return out;
}

}  // namespace vlmhb::report::html
