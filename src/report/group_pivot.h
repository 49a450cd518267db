#pragma once
// The groups of several runs side by side: one row for each group, one column for each run. A pure
// function.

#include <string>
#include <vector>

#include "report/report_model.h"

namespace vlmhb::report {

struct GroupRow {
  std::string title;                 // the key's values joined by " · "; "(empty)" for ""
  int64_t expected = 0;              // samples, the most that any run expected
  std::vector<const Group*> by_run;  // parallel to Section::runs; null where the run has none
};

struct GroupPivot {
  std::string by;
  std::vector<GroupRow> rows;
};

// One pivot for each grouping but "general", in the order in which the runs have them. Points into
// `report`.
std::vector<GroupPivot> PivotGroups(const Report& report, const Section& section);

// The group's value of `metric`; null when there is none.
const MetricValue* FindMetric(const Group* group, const std::string& metric);

}  // namespace vlmhb::report
