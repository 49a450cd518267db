#include "report/task_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "report/format.h"

namespace vlmhb::report {
namespace {

using Tone = TaskCell::Tone;

constexpr size_t kMostRows = 100;
constexpr double kLow = 0.5;  // a share below is shown as bad

double ShareOf(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

// "83.3 %", "5 of 6"; absent where nothing was expected.
TaskCell ShareCell(int64_t part, int64_t whole) {
  if (whole == 0) return {std::string(kAbsent), "", Tone::kPlain, 0};
  const Tone tone = ShareOf(part, whole) < kLow ? Tone::kBad : Tone::kPlain;
  return {FormatShare(part, whole), fmt::format("{} of {}", FormatCount(part), FormatCount(whole)),
          tone, 1};
}

void Append(TaskCell& cell, int64_t count, const char* what) {
  if (count > 0) cell.detail += fmt::format(", {} {}", FormatCount(count), what);
}

TaskTable MakeTable(const Report& report, const Section& section, std::string title,
                    std::string first) {
  TaskTable table{std::move(title), "", {std::move(first)}, {}};
  for (const size_t run : section.runs) table.header.push_back(report.runs[run].label);
  return table;
}

// One row for each key that any run has, in the order of the keys; one cell for each run. `items`
// gives a run's items, `key` an item's key, `cell` what is shown of it; a run without shows `none`.
template <typename Key, typename Items, typename KeyOf, typename CellOf>
void AddRows(const Report& report, const Section& section, const Items& items, const KeyOf& key,
             const CellOf& cell, std::vector<std::pair<Key, TaskTable::Row>>& rows,
             std::string_view none = kAbsent) {
  std::map<Key, std::vector<TaskCell>> cells;
  for (size_t column = 0; column < section.runs.size(); ++column) {
    for (const auto& item : items(report.runs[section.runs[column]])) {
      auto& row = cells[key(item)];
      row.resize(section.runs.size(), {std::string(none), "", Tone::kPlain, 0});
      row[column] = cell(item);
    }
  }
  for (auto& [name, row] : cells) rows.push_back({name, {"", std::move(row)}});
}

TaskCell FieldCell(const FieldCount& field) {
  TaskCell cell = ShareCell(field.equal, field.expected);
  if (cell.detail.empty()) cell.detail = "not expected";
  Append(cell, field.wrong, "wrong");
  Append(cell, field.missing, "missing");
  Append(cell, field.invented, "invented");
  return cell;
}

TaskTable Fields(const Report& report, const Section& section) {
  TaskTable table = MakeTable(report, section, "Fields", "field");
  std::vector<std::pair<std::pair<bool, std::string>, TaskTable::Row>> rows;
  AddRows(
      report, section, [](const RunReport& run) { return run.task_report.fields; },
      [](const FieldCount& field) { return std::pair(field.path.empty(), field.path); }, FieldCell,
      rows);
  for (auto& [key, row] : rows) {
    row.name = key.first ? "all other fields" : key.second;
    table.rows.push_back(std::move(row));
  }
  if (table.rows.size() > kMostRows) {
    table.hint = fmt::format("{} more fields are in report.json.", table.rows.size() - kMostRows);
    table.rows.resize(kMostRows);
  }
  return table;
}

// Whether a label beyond those that are named was expected or answered.
bool HasOthers(const Confusion& confusion) {
  const size_t others = confusion.labels.size();
  for (size_t row = 0; row < confusion.samples.size(); ++row)
    for (size_t column = 0; column < confusion.samples[row].size(); ++column)
      if ((row == others || column == others) && confusion.samples[row][column] > 0) return true;
  return false;
}

TaskCell ConfusionCell(int64_t count, int64_t row_total, bool right) {
  if (count == 0) return {};
  return {FormatCount(count), "", right ? Tone::kGood : Tone::kBad,
          1 + static_cast<int>(3 * ShareOf(count, row_total))};
}

TaskTable Matrix(const RunReport& run) {
  const Confusion& confusion = *run.task_report.confusion;
  TaskTable table{"Confusion: " + run.label,
                  "Rows: expected; columns: answered. Empty cells are 0.",
                  {"expected"},
                  {}};
  std::vector<std::string> names = confusion.labels;
  names.insert(names.end(), {"other labels", "no label"});
  const size_t others = confusion.labels.size();
  const bool has_others = HasOthers(confusion);
  for (size_t i = 0; i < names.size(); ++i)
    if (has_others || i != others) table.header.push_back(names[i]);
  for (size_t row = 0; row < confusion.samples.size(); ++row) {
    if (!has_others && row == others) continue;
    const std::vector<int64_t>& counts = confusion.samples[row];
    const int64_t total = std::accumulate(counts.begin(), counts.end(), int64_t{0});
    TaskTable::Row shown{names[row], {}};
    for (size_t column = 0; column < counts.size(); ++column)
      if (has_others || column != others)
        shown.cells.push_back(ConfusionCell(counts[column], total, row == column && row != others));
    table.rows.push_back(std::move(shown));
  }
  return table;
}

TaskTable Choices(const Report& report, const Section& section) {
  TaskTable table = MakeTable(report, section, "Letters answered", "letter");
  table.hint =
      "How often each letter was answered, how often it was expected, and how often both. A model "
      "that prefers a letter shows here.";
  std::vector<std::pair<std::pair<bool, std::string>, TaskTable::Row>> rows;
  AddRows(
      report, section, [](const RunReport& run) { return run.task_report.choices; },
      [](const ChoiceCount& choice) { return std::pair(choice.letter.empty(), choice.letter); },
      [](const ChoiceCount& choice) {
        if (choice.letter.empty()) return TaskCell{FormatCount(choice.answered), "", Tone::kBad, 1};
        return TaskCell{FormatCount(choice.answered),
                        fmt::format("{} expected, {} right", FormatCount(choice.expected),
                                    FormatCount(choice.right)),
                        Tone::kPlain, 0};
      },
      rows, "0");
  for (auto& [key, row] : rows) {
    row.name = key.first ? "no letter" : key.second;
    table.rows.push_back(std::move(row));
  }
  return table;
}

TaskTable Order(const Report& report, const Section& section) {
  TaskTable table = MakeTable(report, section, "Places that are right", "place");
  size_t places = 0;
  for (const size_t i : section.runs) {
    const auto& order = report.runs[i].task_report.order;
    if (!order) continue;
    places = std::max(places, order->places.size());
    if (order->no_list + order->other_length > 0)
      table.hint += fmt::format("{}{}: of {} answers, {} had no list and {} one of another length.",
                                table.hint.empty() ? "" : " ", report.runs[i].label,
                                FormatCount(order->samples), FormatCount(order->no_list),
                                FormatCount(order->other_length));
  }
  for (size_t place = 0; place < places; ++place) {
    TaskTable::Row row{place < PageOrder::kPlaces ? std::to_string(place + 1) : "all further", {}};
    for (const size_t i : section.runs) {
      const auto& order = report.runs[i].task_report.order;
      row.cells.push_back(order && place < order->places.size()
                              ? ShareCell(order->places[place].right, order->places[place].expected)
                              : ShareCell(0, 0));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

TaskTable Scripts(const Report& report, const Section& section) {
  TaskTable table = MakeTable(report, section, "Characters by script", "script");
  table.hint =
      "Letters and digits of the answers in percent of those of the references. Near 100 % does "
      "not "
      "say that they are right; near 0 % says that they are not read.";
  std::vector<std::pair<std::string, TaskTable::Row>> rows;
  AddRows(
      report, section, [](const RunReport& run) { return run.task_report.scripts; },
      [](const ScriptCount& count) { return count.script; },
      [](const ScriptCount& count) {
        TaskCell cell{
            std::string(kAbsent),
            fmt::format("{} of {}", FormatCount(count.answered), FormatCount(count.expected)),
            count.dropped ? Tone::kBad : Tone::kPlain, 3};
        if (count.expected > 0)
          cell.text = fmt::format("{:.1f} %", 100 * ShareOf(count.answered, count.expected));
        return cell;
      },
      rows);
  for (auto& [script, row] : rows) {
    row.name = script;
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

std::vector<TaskTable> TabulateTask(const Report& report, const Section& section) {
  std::vector<TaskTable> tables;
  const auto add = [&](TaskTable table) {
    if (!table.rows.empty()) tables.push_back(std::move(table));
  };
  add(Fields(report, section));
  for (const size_t run : section.runs)
    if (report.runs[run].task_report.confusion) add(Matrix(report.runs[run]));
  add(Choices(report, section));
  add(Order(report, section));
  add(Scripts(report, section));
  return tables;
}

std::vector<std::string> DroppedScriptWarnings(const RunReport& run) {
  std::vector<std::string> warnings;
  for (const ScriptCount& count : run.task_report.scripts)
    if (count.dropped)
      warnings.push_back(
          fmt::format("{} drops {}: its answers have {} such characters, the references {}.",
                      run.name, count.script == "digits" ? "digits" : count.script + " letters",
                      FormatCount(count.answered), FormatCount(count.expected)));
  return warnings;
}

}  // namespace vlmhb::report
