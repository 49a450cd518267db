#include "config/yaml_scalar.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace vlmhb::config {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool OneOf(std::string_view text, std::initializer_list<std::string_view> spellings) {
  return std::find(spellings.begin(), spellings.end(), text) != spellings.end();
}

std::string_view WithoutSign(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return text;
}

bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}

std::string_view DropDigits(std::string_view text) {
  while (!text.empty() && IsDigit(text.front())) text.remove_prefix(1);
  return text;
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool LooksLikeFloat(std::string_view text) {
  text = WithoutSign(text);
  const bool leading_digits = !text.empty() && IsDigit(text.front());
  text = DropDigits(text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!leading_digits && (text.empty() || !IsDigit(text.front()))) return false;
    text = DropDigits(text);
  } else if (!leading_digits) {
    return false;
  }
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  return AllDigits(WithoutSign(text.substr(1)));
}

std::optional<json::value> Integer(std::string_view digits, int base) {
  if (digits.starts_with('+')) digits.remove_prefix(1);
  int64_t value = 0;
  const char* last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, value, base);
  if (error != std::errc() || end != last) return std::nullopt;
  return json::value(value);
}

bool IsPrefixed(std::string_view text, std::string_view prefix, std::string_view digits) {
  return text.size() > prefix.size() && text.starts_with(prefix) &&
         text.find_first_not_of(digits, prefix.size()) == std::string_view::npos;
}

}  // namespace

std::optional<json::value> ResolvePlainScalar(std::string_view text) {
  if (OneOf(text, {"", "~", "null", "Null", "NULL"})) return json::value(nullptr);
  if (OneOf(text, {"true", "True", "TRUE"})) return json::value(true);
  if (OneOf(text, {"false", "False", "FALSE"})) return json::value(false);
  if (OneOf(WithoutSign(text), {".inf", ".Inf", ".INF"}) || OneOf(text, {".nan", ".NaN", ".NAN"}))
    return std::nullopt;
  if (AllDigits(WithoutSign(text))) return Integer(text, 10);
  if (IsPrefixed(text, "0o", "01234567")) return Integer(text.substr(2), 8);
  if (IsPrefixed(text, "0x", "0123456789abcdefABCDEF")) return Integer(text.substr(2), 16);
  if (LooksLikeFloat(text)) {
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || !std::isfinite(value)) return std::nullopt;
    return json::value(value);
  }
  return json::value(json::string(text));
}

}  // namespace vlmhb::config
