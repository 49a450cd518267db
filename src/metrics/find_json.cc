#include "metrics/find_json.h"

#include "base/text.h"

namespace vlmhb::metrics {
namespace {

constexpr int kMostAttempts = 64;

// Behind the bracket that closes the one at `begin`; npos if none does. Which kind closes which is
// the parser's matter.
size_t EndOfValue(std::string_view text, size_t begin) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

// "```json\n…\n```" -> "…"
std::string_view WithoutFence(std::string_view text) {
  constexpr std::string_view kFence = "```";
  if (text.size() < 2 * kFence.size() || !text.starts_with(kFence) || !text.ends_with(kFence))
    return text;
  const size_t line_end = text.find('\n');
  if (line_end == std::string_view::npos) return text;
  text.remove_suffix(kFence.size());
  return line_end < text.size() ? Trim(text.substr(line_end)) : text;
}

}  // namespace

bool FindJson(std::string_view text, std::string_view opening,
              const std::function<bool(const json::value&)>& accept) {
  size_t begin = text.find_first_of(opening);
  for (int i = 0; i < kMostAttempts && begin != std::string_view::npos; ++i) {
    const size_t end = EndOfValue(text, begin);
    if (end != std::string_view::npos) {
      const auto value = ParseJson(text.substr(begin, end - begin));
      if (value.ok() && accept(*value)) return true;
    }
    begin = text.find_first_of(opening, begin + 1);
  }
  return false;
}

bool IsJsonDocument(std::string_view text) {
  const auto value = ParseJson(WithoutFence(Trim(text)));
  return value.ok() && (value->is_object() || value->is_array());
}

}  // namespace vlmhb::metrics
