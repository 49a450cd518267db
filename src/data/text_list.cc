#include "data/text_list.h"

#include <optional>

#include "base/text.h"
#include "data/image_cell.h"

namespace vlmhb::data {
namespace {

// A Python text at the beginning of `rest`, which is then what follows it. Of escapes only those of
// quotes and backslashes are undone: paths and base64 have no others.
std::optional<std::string> TakePythonText(std::string_view& rest) {
  rest = Trim(rest);
  if (rest.empty() || (rest[0] != '\'' && rest[0] != '"')) return std::nullopt;
  const char quote = rest[0];
  std::string text;
  for (size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == quote) {
      rest = Trim(rest.substr(i + 1));
      return text;
    }
    if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
    text.push_back(rest[i]);
  }
  return std::nullopt;
}

std::optional<std::vector<std::string>> ParsePythonList(std::string_view text) {
  if (!text.starts_with('[') || !text.ends_with(']')) return std::nullopt;
  std::string_view rest = Trim(text.substr(1, text.size() - 2));
  std::vector<std::string> items;
  while (!rest.empty()) {
    std::optional<std::string> item = TakePythonText(rest);
    if (!item.has_value() || (!rest.empty() && rest[0] != ',')) return std::nullopt;
    items.push_back(*std::move(item));
    if (!rest.empty()) rest.remove_prefix(1);
  }
  return items;
}

}  // namespace

std::vector<std::string> ParseTextList(std::string_view text) {
  if (const auto items = ParsePythonList(Trim(text))) return *items;
  return ParseImageCell(text);  // JSON with escapes of its own, or a single text
}

}  // namespace vlmhb::data
