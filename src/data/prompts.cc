#include "data/prompts.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/csv.h"
#include "base/text.h"

namespace vlmhb::data {
namespace {

constexpr size_t kMaxCollectionBytes = 16u << 20;
constexpr std::string_view kPromptColumn = "prompt";
constexpr std::string_view kKeyColumn = "doc_class_question_type";

Result<std::optional<std::string>> TextOrNull(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return std::optional<std::string>();
  VLMHB_ASSIGN(std::string text, GetString(object, key));
  return std::optional<std::string>(std::move(text));
}

Error Wrong(const os::Path& path, std::string_view why) {
  return Error(ErrorCode::kInvalidConfig, fmt::format("{}: {}", path.string(), why));
}

Result<size_t> PlaceOf(std::string_view name, const std::vector<std::string>& columns,
                       const os::Path& path) {
  const auto found = std::find(columns.begin(), columns.end(), name);
  if (found != columns.end()) return static_cast<size_t>(found - columns.begin());
  return Wrong(path, fmt::format("there is no column '{}'.{}", name, DidYouMean(name, columns)));
}

}  // namespace

Result<PromptSpec> ParsePromptSpec(const json::object& object) {
  PromptSpec spec;
  VLMHB_ASSIGN(spec.system, TextOrNull(object, "system"));
  VLMHB_ASSIGN(spec.fixed, TextOrNull(object, "fixed"));
  VLMHB_ASSIGN(spec.collection, TextOrNull(object, "collection"));
  VLMHB_ASSIGN(spec.fallback, TextOrNull(object, "fallback"));
  return spec;
}

Result<PromptCollection> PromptCollection::Load(const os::Path& path) {
  VLMHB_ASSIGN(std::string bytes, os::ReadFile(path, kMaxCollectionBytes));
  if (!IsValidUtf8(bytes)) return Wrong(path, "it is not UTF-8; save it as UTF-8");
  std::istringstream in(std::move(bytes));
  CsvOptions options;
  options.delimiter = GuessCsvDelimiter(in);
  CsvReader reader(in, options);
  std::vector<std::string> cells;
  Result<bool> more = reader.Next(cells);
  if (!more.ok()) return Wrong(path, more.error().message());
  VLMHB_ASSIGN(const size_t prompt, PlaceOf(kPromptColumn, cells, path));
  VLMHB_ASSIGN(const size_t key, PlaceOf(kKeyColumn, cells, path));
  const size_t columns = cells.size();

  PromptCollection collection;
  while (true) {
    more = reader.Next(cells);
    if (!more.ok()) return Wrong(path, more.error().message());
    if (!*more) return collection;
    if (cells.size() != columns)
      return Wrong(path, fmt::format("line {}: {} cells, but the header has {}", reader.line(),
                                     cells.size(), columns));
    if (!cells[prompt].empty()) collection.prompts_.try_emplace(cells[key], cells[prompt]);
  }
}

const std::string* PromptCollection::Find(const std::string& doc_class,
                                          const std::string& question_type) const {
  const auto found = prompts_.find(doc_class + " " + question_type);
  return found == prompts_.end() ? nullptr : &found->second;
}

Result<PromptResolver> PromptResolver::Create(const PromptSpec& spec) {
  PromptResolver resolver;
  resolver.system_ = spec.system.value_or("");
  resolver.fixed_ = spec.fixed.value_or("");
  resolver.fallback_ = spec.fallback.value_or("");
  if (spec.collection.has_value()) {
    VLMHB_ASSIGN(resolver.collection_, PromptCollection::Load(*spec.collection));
  }
  return resolver;
}

Result<std::string> PromptResolver::Resolve(const AnnotationRow& row) const {
  if (!fixed_.empty()) return fixed_;
  if (const std::string* found = collection_.Find(row.doc_class, row.question_type)) return *found;
  if (!row.question.empty()) return row.question;
  if (!fallback_.empty()) return fallback_;
  return Error(
      ErrorCode::kInvalidConfig,
      fmt::format("line {}: there is no prompt for doc_class '{}', question_type '{}', and "
                  "the row has no question; add a row to the prompt collection or set "
                  "`prompt`",
                  row.line, row.doc_class, row.question_type));
}

}  // namespace vlmhb::data
