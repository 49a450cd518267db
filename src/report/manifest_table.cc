#include "report/manifest_table.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace vlmhb::report {
namespace {

constexpr size_t kMaxValueBytes = 500;
constexpr int kMaxDepth = 6;

bool IsScalar(const json::value& value) { return !value.is_object() && !value.is_array(); }

std::string ScalarText(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : ToJson(value);
}

// Lists of scalars are one value ("a, b"); deeper structure becomes longer keys, and JSON text once
// it is deeper than anybody reads.
void Flatten(const std::string& key, const json::value& value, int depth,
             std::vector<std::pair<std::string, std::string>>& out) {
  if (value.is_object() && depth < kMaxDepth) {
    for (const auto& member : value.get_object()) {
      const std::string name(member.key());
      if (name == "warnings") continue;
      Flatten(key.empty() ? name : key + "." + name, member.value(), depth + 1, out);
    }
    return;
  }
  std::string text;
  if (value.is_array() &&
      std::all_of(value.get_array().begin(), value.get_array().end(), IsScalar)) {
    for (const json::value& element : value.get_array())
      text += (text.empty() ? "" : ", ") + ScalarText(element);
  } else {
    text = IsScalar(value) ? ScalarText(value) : ToJson(value);
  }
  out.emplace_back(key, Truncate(text, kMaxValueBytes));
}

}  // namespace

ManifestTable TabulateManifests(const Report& report) {
  ManifestTable table;
  std::map<std::string, size_t> position;
  for (size_t i = 0; i < report.runs.size(); ++i)
    if (report.runs[i].manifest) table.runs.push_back(i);
  for (size_t column = 0; column < table.runs.size(); ++column) {
    std::vector<std::pair<std::string, std::string>> members;
    Flatten("", *report.runs[table.runs[column]].manifest, 0, members);
    for (auto& [key, value] : members) {
      const auto [entry, is_new] = position.try_emplace(key, table.rows.size());
      if (is_new) table.rows.push_back({key, false, std::vector<std::string>(table.runs.size())});
      table.rows[entry->second].values[column] = std::move(value);
    }
  }
  for (ManifestRow& row : table.rows)
    row.same = std::all_of(row.values.begin(), row.values.end(),
                           [&](const std::string& value) { return value == row.values[0]; });
  if (table.rows.size() > kMostManifestRows) {
    table.left_out = table.rows.size() - kMostManifestRows;
    table.rows.resize(kMostManifestRows);
  }
  return table;
}

}  // namespace vlmhb::report
