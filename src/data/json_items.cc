#include "data/json_items.h"

#include <fmt/format.h>

#include <array>

#include "base/json.h"

namespace vlmhb::data {
namespace {

constexpr std::array<bool, 256> MakeTable(std::string_view characters) {
  std::array<bool, 256> table{};
  for (const char c : characters) table[static_cast<uint8_t>(c)] = true;
  return table;
}
constexpr auto kSpace = MakeTable(" \t\r\n");
constexpr auto kEndsScalar = MakeTable(" \t\r\n,]}");
constexpr auto kStructure = MakeTable("\"{}[]");

// From `at` to the first character of `table`, or to the end.
size_t Skip(std::string_view text, size_t at, const std::array<bool, 256>& table, bool until) {
  while (at < text.size() && table[static_cast<uint8_t>(text[at])] != until) ++at;
  return at;
}

}  // namespace

Error JsonItems::Broken(std::string_view why) const {
  return Error(ErrorCode::kCorrupt, fmt::format("not valid JSON at byte {}: {}", at_, why));
}

Result<JsonItems> JsonItems::Open(std::string_view text) {
  const size_t at = Skip(text, 0, kSpace, false);
  if (at == text.size() || (text[at] != '{' && text[at] != '['))
    return Error(ErrorCode::kCorrupt, "neither a JSON object nor an array");
  return JsonItems(text, at + 1, text[at] == '{');
}

void JsonItems::SkipSpace() { at_ = Skip(text_, at_, kSpace, false); }

// REQUIRES: an opening quote at at_.
Result<std::string_view> JsonItems::String() {
  const size_t begin = ++at_;
  while (true) {
    at_ = text_.find('"', at_);
    if (at_ == text_.npos) {
      at_ = text_.size();
      return Broken("a text is never closed");
    }
    size_t slashes = 0;
    while (at_ - slashes > begin && text_[at_ - slashes - 1] == '\\') ++slashes;
    ++at_;
    if (slashes % 2 == 0) return text_.substr(begin, at_ - 1 - begin);
  }
}

Result<std::string_view> JsonItems::TakeValue() {
  if (at_ == text_.size()) return Broken("a value is missing");
  const size_t begin = at_;
  if (text_[at_] == '"') {
    VLMHB_TRY(String());
  } else if (text_[at_] == '{' || text_[at_] == '[') {
    size_t depth = 0;
    do {
      at_ = Skip(text_, at_, kStructure, true);
      if (at_ == text_.size()) return Broken("a bracket is never closed");
      const char c = text_[at_];
      if (c == '"') {
        VLMHB_TRY(String());
        continue;
      }
      c == '{' || c == '[' ? ++depth : --depth;
      ++at_;
    } while (depth > 0);
  } else {
    at_ = Skip(text_, at_, kEndsScalar, true);
  }
  if (at_ == begin) return Broken("a value is missing");
  return text_.substr(begin, at_ - begin);
}

Result<bool> JsonItems::NextKey(std::string_view& key) {
  SkipSpace();
  if (at_ < text_.size() && text_[at_] == (is_object_ ? '}' : ']')) return false;
  if (!first_) {
    if (at_ == text_.size() || text_[at_] != ',') return Broken("',' or the end expected");
    ++at_;
    SkipSpace();
  }
  first_ = false;
  key = {};
  if (!is_object_) return true;
  if (at_ == text_.size() || text_[at_] != '"') return Broken("a key expected");
  VLMHB_ASSIGN(key, String());
  SkipSpace();
  if (at_ == text_.size() || text_[at_] != ':') return Broken("':' expected");
  ++at_;
  SkipSpace();
  return true;
}

Result<bool> JsonItems::Next(JsonItem& item) {
  VLMHB_ASSIGN(const bool more, NextKey(item.key));
  if (!more) return false;
  VLMHB_ASSIGN(item.value, TakeValue());
  return true;
}

Result<JsonItems> EnterJsonMember(std::string_view text, std::string_view key) {
  VLMHB_ASSIGN(JsonItems items, JsonItems::Open(text));
  std::string_view found;
  while (items.is_object()) {
    VLMHB_ASSIGN(const bool more, items.NextKey(found));
    if (!more) break;
    if (found == key) return items.Enter();
    VLMHB_TRY(items.TakeValue());
  }
  return Error(ErrorCode::kCorrupt, fmt::format("no JSON object with a member '{}'", key));
}

Result<std::string_view> FindJsonMember(std::string_view text, std::string_view key) {
  VLMHB_ASSIGN(JsonItems items, JsonItems::Open(text));
  if (!items.is_object()) return Error(ErrorCode::kCorrupt, "no JSON object");
  JsonItem item;
  while (true) {
    VLMHB_ASSIGN(const bool more, items.Next(item));
    if (!more) return std::string_view();
    if (item.key == key) return item.value;
  }
}

Result<std::string> Unescaped(std::string_view written) {
  VLMHB_ASSIGN(const json::value value, ParseJson(fmt::format("\"{}\"", written)));
  return std::string(value.as_string());
}

}  // namespace vlmhb::data
