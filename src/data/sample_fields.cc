#include "data/sample_fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace vlmhb::data {
namespace {

constexpr size_t kMaxColumnsShown = 2000;  // bytes of names in a message

}  // namespace

// A part's column where the annotation has it, else the column of that name.
std::string SampleFields::ColumnOf(std::string_view name) const {
  const std::pair<std::string_view, const std::string&> parts[] = {
      {"question", roles_.question},
      {"doc_class", roles_.doc_class},
      {"question_type", roles_.question_type}};
  for (const auto& [part, column] : parts)
    if (name == part && std::find(columns_.begin(), columns_.end(), column) != columns_.end())
      return column;
  return std::string(name);
}

Result<size_t> SampleFields::Find(std::string_view name) const {
  const std::string column = ColumnOf(name);
  if (column == roles_.answer || name == "answer")
    return Error(ErrorCode::kInvalidConfig,
                 "this is the reference answer, which no model may be told");
  const auto found = std::find(columns_.begin(), columns_.end(), column);
  if (found != columns_.end()) return static_cast<size_t>(found - columns_.begin());
  std::vector<std::string> known = columns_;
  std::erase_if(known, [&](const std::string& c) { return c.empty() || c == roles_.answer; });
  for (const char* part : {"question", "doc_class", "question_type"})
    if (ColumnOf(part) != part) known.emplace_back(part);
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("the samples have no such field.{} They have {}",
                           DidYouMean(name, known), Truncate(Join(known, ", "), kMaxColumnsShown)));
}

}  // namespace vlmhb::data
