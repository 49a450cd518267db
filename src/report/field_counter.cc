#include "report/field_counter.h"

#include "report/script_counts.h"

namespace vlmhb::report {
namespace {

// "items[12].price" -> "items[].price"
std::string WithoutPlaces(const std::string& path) {
  std::string out;
  for (size_t i = 0; i < path.size(); ++i) {
    out += path[i];
    if (path[i] != '[') continue;
    size_t end = i + 1;
    while (end < path.size() && path[end] >= '0' && path[end] <= '9') ++end;
    if (end < path.size() && path[end] == ']') i = end - 1;
  }
  return out;
}

}  // namespace

void FieldCounter::Add(std::string_view expected, std::string_view answer) {
  const auto wanted = metrics::ReadFields(expected, normalize_);
  if (!wanted) return;
  const metrics::Fields got = metrics::ReadFields(answer, normalize_).value_or(metrics::Fields{});
  for (const auto& [path, value] : *wanted) {
    FieldCount& count = CountOf(path);
    const auto found = got.find(path);
    ++count.expected;
    count.missing += found == got.end();
    count.equal += found != got.end() && found->second == value;
    count.wrong += found != got.end() && found->second != value;
    AddScripts(value, expected_scripts_);
  }
  for (const auto& [path, value] : got) {
    if (!wanted->contains(path)) ++CountOf(path).invented;
    AddScripts(value, answered_scripts_);
  }
}

FieldCount& FieldCounter::CountOf(const std::string& path) {
  const std::string name = WithoutPlaces(path);
  if (counts_.size() >= kMostFields && !counts_.contains(name)) return others_;
  const auto [entry, is_new] = counts_.try_emplace(name);
  if (is_new) entry->second.path = name;
  return entry->second;
}

void FieldCounter::FillIn(TaskReport& report) {
  for (auto& [path, count] : counts_) report.fields.push_back(std::move(count));
  if (others_.expected + others_.invented > 0) report.fields.push_back(others_);
  report.scripts = CompareScripts(expected_scripts_, answered_scripts_);
}

}  // namespace vlmhb::report
