#pragma once
// The members of a JSON object or array, one after another, as extents of the text: for files far
// larger than a parser's tree of them should be. Brackets and quotes are followed, nothing else is
// checked: hand an extent to ParseJson for that. Memory is constant, whatever the nesting.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vlmhb::data {

struct JsonItem {
  std::string_view key;    // as it is written, without its quotes; empty in an array
  std::string_view value;  // from its first to its last byte
};

// Not thread-safe. The text must outlive it.
class JsonItems {
 public:
  // kCorrupt if `text` does not begin, after white space, with '{' or '['.
  static Result<JsonItems> Open(std::string_view text);

  // False after the last one. kCorrupt, with the offset in `text`, where it is not JSON.
  Result<bool> Next(JsonItem& item);
  // Next in two steps, for a value too large to be skipped and then walked. NextKey comes to the
  // next value; then TakeValue takes it, or Enter walks its own members, and once they have ended
  // Leave goes on behind it.
  Result<bool> NextKey(std::string_view& key);
  Result<std::string_view> TakeValue();
  Result<JsonItems> Enter() const { return Open(text_.substr(at_)); }
  void Leave(const JsonItems& inner) { at_ += inner.at_ + 1; }
  bool is_object() const { return is_object_; }
  // Of the text: how far it was read.
  size_t offset() const { return at_; }

 private:
  JsonItems(std::string_view text, size_t at, bool is_object)
      : text_(text), at_(at), is_object_(is_object) {}
  Error Broken(std::string_view why) const;
  void SkipSpace();
  Result<std::string_view> String();

  std::string_view text_;
  size_t at_ = 0;
  bool is_object_ = false;
  bool first_ = true;
};

// The members of the first member `key` of the object `text`, which is not looked at behind its
// beginning. kCorrupt if there is none, or it is no object and no array.
Result<JsonItems> EnterJsonMember(std::string_view text, std::string_view key);
// The value of the first member `key` of the object `text`; empty if there is none.
Result<std::string_view> FindJsonMember(std::string_view text, std::string_view key);

// The text of a key or string as it is written, its escapes undone; kCorrupt if they are wrong.
Result<std::string> Unescaped(std::string_view written);

}  // namespace vlmhb::data
