#pragma once
// What a task's report shows, as tables that Markdown and HTML show alike: fields over runs, a
// confusion matrix for each run, letters, places of pages, scripts. Pure functions; texts are as
// they were found, escaping is the renderers' work.

#include <string>
#include <vector>

#include "report/report_model.h"

namespace vlmhb::report {

struct TaskCell {
  enum class Tone { kPlain, kGood, kBad };
  std::string text;
  std::string detail;  // smaller, after the text; may be empty
  Tone tone = Tone::kPlain;
  int strength = 0;  // of the tone, 0 to 4: how much of its row is in the cell
};

struct TaskTable {
  std::string title;
  std::string hint;                 // one sentence below; may be empty
  std::vector<std::string> header;  // the first one is of the rows' names
  struct Row {
    std::string name;
    std::vector<TaskCell> cells;
  };
  std::vector<Row> rows;
};

// In the order in which they are shown; empty where no run of the section has any.
std::vector<TaskTable> TabulateTask(const Report& report, const Section& section);

// A sentence for the top of the report for each script that a run drops.
std::vector<std::string> DroppedScriptWarnings(const RunReport& run);

}  // namespace vlmhb::report
