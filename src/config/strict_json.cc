#include "config/strict_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <set>
#include <utility>

#include "base/csv.h"
#include "base/text.h"

namespace vlmhb::config {
namespace {

// Hears the parser's events only to know the path and the keys seen in each open object; the
// signatures are those of boost::json::basic_parser's handler.
class KeyWatcher {
 public:
  static constexpr size_t max_object_size = SIZE_MAX;
  static constexpr size_t max_array_size = SIZE_MAX;
  static constexpr size_t max_key_size = SIZE_MAX;
  static constexpr size_t max_string_size = SIZE_MAX;
  using Code = boost::system::error_code;
  using Text = json::string_view;

  std::vector<std::string> duplicates;

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return Open(true); }
  bool on_object_end(size_t, Code&) { return Close(); }
  bool on_array_begin(Code&) { return Open(false); }
  bool on_array_end(size_t, Code&) { return Close(); }
  bool on_key_part(Text part, size_t, Code&) {
    key_ += std::string_view(part);
    return true;
  }
  bool on_key(Text part, size_t, Code&) {
    key_ += std::string_view(part);
    Level& level = levels_.back();
    level.token = EscapePointer(key_);
    if (!level.keys.insert(std::exchange(key_, "")).second) duplicates.push_back(Pointer());
    return true;
  }
  bool on_string_part(Text, size_t, Code&) { return true; }
  bool on_string(Text, size_t, Code&) { return Value(); }
  bool on_number_part(Text, Code&) { return true; }
  bool on_int64(int64_t, Text, Code&) { return Value(); }
  bool on_uint64(uint64_t, Text, Code&) { return Value(); }
  bool on_double(double, Text, Code&) { return Value(); }
  bool on_bool(bool, Code&) { return Value(); }
  bool on_null(Code&) { return Value(); }
  bool on_comment_part(Text, Code&) { return true; }
  bool on_comment(Text, Code&) { return true; }

 private:
  struct Level {
    bool is_object = false;
    std::set<std::string> keys;
    std::string token;  // of the member in work
    size_t index = 0;
  };

  bool Open(bool is_object) {
    levels_.push_back({.is_object = is_object, .keys = {}, .token = is_object ? "" : "0"});
    return true;
  }
  bool Close() {
    levels_.pop_back();
    return Value();
  }
  // A value ended: the next one in an array has the next index.
  bool Value() {
    if (!levels_.empty() && !levels_.back().is_object)
      levels_.back().token = std::to_string(++levels_.back().index);
    return true;
  }
  std::string Pointer() const {
    std::string pointer;
    for (const Level& level : levels_) pointer += "/" + level.token;
    return pointer;
  }

  std::vector<Level> levels_;
  std::string key_;
};

}  // namespace

Result<StrictJson> ParseStrictJson(std::string_view text) {
  if (text.starts_with(kUtf8Bom)) text.remove_prefix(kUtf8Bom.size());
  if (!IsValidUtf8(text)) return Error(ErrorCode::kInvalidConfig, "the text is not UTF-8");
  json::parse_options options;
  options.max_depth = 64;
  json::basic_parser<KeyWatcher> watcher(options);
  boost::system::error_code error;
  const size_t consumed = watcher.write_some(false, text.data(), text.size(), error);
  const std::string_view rest = Trim(text.substr(std::min(consumed, text.size())));
  if (error || !rest.empty()) {
    const auto line = 1 + std::count(text.begin(), text.begin() + consumed, '\n');
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("line {}: not valid JSON: {}", line,
                             error ? error.message() : "text after the end"));
  }
  VLMHB_ASSIGN(json::value value, ParseJson(text));
  return StrictJson{std::move(value), std::move(watcher.handler().duplicates)};
}

}  // namespace vlmhb::config
