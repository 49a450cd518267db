#include "data/prompt_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/csv.h"
#include "base/text.h"

namespace vlmhb::data {
namespace {

constexpr std::string_view kPromptColumn = "prompt";
constexpr std::string_view kKeyColumn = "doc_class_question_type";

Error Wrong(const std::string& file, std::string_view why) {
  return Error(ErrorCode::kInvalidConfig, fmt::format("{}: {}", file, why));
}

Result<size_t> PlaceOf(std::string_view name, const std::vector<std::string>& columns,
                       const std::string& file) {
  const auto found = std::find(columns.begin(), columns.end(), name);
  if (found != columns.end()) return static_cast<size_t>(found - columns.begin());
  return Wrong(file, fmt::format("it is no prompt collection: there is no column '{}'.{}", name,
                                 DidYouMean(name, columns)));
}

}  // namespace

Result<std::vector<PromptRow>> ReadPromptRows(std::string text, const std::string& file) {
  if (!IsValidUtf8(text)) return Wrong(file, "it is not UTF-8; save it as UTF-8");
  std::istringstream in(std::move(text));
  CsvReader reader(in, {.delimiter = GuessCsvDelimiter(in)});
  std::vector<std::string> cells;
  Result<bool> more = reader.Next(cells);
  if (!more.ok()) return Wrong(file, more.error().message());
  VLMHB_ASSIGN(const size_t prompt, PlaceOf(kPromptColumn, cells, file));
  VLMHB_ASSIGN(const size_t key, PlaceOf(kKeyColumn, cells, file));
  const size_t columns = cells.size();

  std::vector<PromptRow> rows;
  while (true) {
    more = reader.Next(cells);
    if (!more.ok()) return Wrong(file, more.error().message());
    if (!*more) return rows;
    if (cells.size() != columns)
      return Wrong(file, fmt::format("line {}: {} cells, but the header has {}", reader.line(),
                                     cells.size(), columns));
    if (!cells[prompt].empty()) rows.push_back({cells[key], cells[prompt], reader.line()});
  }
}

}  // namespace vlmhb::data
