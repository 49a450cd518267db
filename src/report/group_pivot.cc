#include "report/group_pivot.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.h"

namespace vlmhb::report {
namespace {

std::string Title(const std::vector<std::string>& key) {
  std::vector<std::string> parts = key;
  for (std::string& part : parts)
    if (part.empty()) part = "(empty)";
  return Join(parts, " · ");
}

}  // namespace

std::vector<GroupPivot> PivotGroups(const Report& report, const Section& section) {
  std::vector<GroupPivot> pivots;
  std::map<std::string, size_t> pivot_of;
  std::map<std::pair<std::string, std::vector<std::string>>, size_t> row_of;
  for (size_t column = 0; column < section.runs.size(); ++column) {
    for (const Group& group : report.runs[section.runs[column]].groups) {
      if (group.by == "general") continue;
      const auto [pivot_entry, new_pivot] = pivot_of.try_emplace(group.by, pivots.size());
      if (new_pivot) pivots.push_back({group.by, {}});
      GroupPivot& pivot = pivots[pivot_entry->second];
      const auto [row_entry, new_row] =
          row_of.try_emplace({group.by, group.key}, pivot.rows.size());
      if (new_row)
        pivot.rows.push_back(
            {Title(group.key), 0, std::vector<const Group*>(section.runs.size(), nullptr)});
      GroupRow& row = pivot.rows[row_entry->second];
      row.by_run[column] = &group;
      row.expected = std::max(row.expected, group.expected);
    }
  }
  return pivots;
}

const MetricValue* FindMetric(const Group* group, const std::string& metric) {
  if (group == nullptr) return nullptr;
  const auto found = group->metrics.find(metric);
  return found == group->metrics.end() ? nullptr : &found->second;
}

}  // namespace vlmhb::report
