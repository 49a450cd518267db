#include "config/python_literal.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <string>

#include "base/text.h"

namespace vlmhb::config {
namespace {

constexpr int kMaxDepth = 16;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsWord(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

void AppendUtf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

// Recursive descent over the text; the cursor stands at the first byte not yet read.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<json::value> ParseAll() {
    VLMHB_ASSIGN(json::value value, ParseValue(0));
    SkipSpace();
    if (at_ < text_.size()) return Expected("the end");
    return value;
  }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void SkipSpace() {
    while (IsSpace(Peek())) ++at_;
  }

  Error Expected(std::string_view what) const {
    const std::string found =
        at_ < text_.size() ? fmt::format("'{}'", Truncate(text_.substr(at_), 20)) : "the end";
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("at character {}: {} expected, found {}", at_ + 1, what, found));
  }

  Result<json::value> ParseValue(int depth) {
    if (depth > kMaxDepth) return Expected("a literal nested less deeply");
    SkipSpace();
    const char c = Peek();
    if (c == '\'' || c == '"') {
      VLMHB_ASSIGN(std::string string, ParseString());
      return json::value(std::move(string));
    }
    if (c == '[') return ParseList(']', depth);
    if (c == '(') return ParseTuple(depth);
    if (c == '{') return ParseDict(depth);
    if (IsDigit(c) || c == '-' || c == '+' || c == '.') return ParseNumber();
    return ParseName();
  }

  Result<json::value> ParseList(char close, int depth) {
    ++at_;
    json::array items;
    while (true) {
      SkipSpace();
      if (Peek() == close) break;
      VLMHB_ASSIGN(json::value item, ParseValue(depth + 1));
      items.push_back(std::move(item));
      SkipSpace();
      trailing_comma_ = Peek() == ',';
      if (!trailing_comma_ && Peek() != close) return Expected(fmt::format("',' or '{}'", close));
      if (trailing_comma_) ++at_;
    }
    ++at_;
    return json::value(std::move(items));
  }

  // ('CER') is a string in parentheses, ('CER',) a tuple of one.
  Result<json::value> ParseTuple(int depth) {
    VLMHB_ASSIGN(json::value tuple, ParseList(')', depth));
    json::array& items = tuple.get_array();
    if (items.size() == 1 && !trailing_comma_) return json::value(std::move(items[0]));
    return tuple;
  }

  Result<json::value> ParseDict(int depth) {
    ++at_;
    json::object members;
    while (true) {
      SkipSpace();
      if (Peek() == '}') break;
      if (Peek() != '\'' && Peek() != '"') return Expected("a key in quotes");
      VLMHB_ASSIGN(const std::string key, ParseString());
      SkipSpace();
      if (Peek() != ':') return Expected("':'");
      ++at_;
      VLMHB_ASSIGN(json::value value, ParseValue(depth + 1));
      if (members.contains(key))
        return Expected(fmt::format("each key once (not '{}' again)", key));
      members[key] = std::move(value);
      SkipSpace();
      if (Peek() != ',' && Peek() != '}') return Expected("',' or '}'");
      if (Peek() == ',') ++at_;
    }
    ++at_;
    return json::value(std::move(members));
  }

  Result<std::string> ParseString() {
    const char quote = text_[at_++];
    std::string out;
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
      if (text_[at_] != '\\') {
        out += text_[at_++];
        continue;
      }
      ++at_;
      VLMHB_TRY(ParseEscape(out));
    }
    if (Peek() != quote) return Expected(fmt::format("the closing quote {}", quote));
    ++at_;
    return out;
  }

  // The cursor stands behind the backslash. An unknown escape keeps its backslash, as in Python.
  Result<void> ParseEscape(std::string& out) {
    if (at_ == text_.size()) return Expected("a character after '\\'");
    const char c = text_[at_++];
    switch (c) {
      case 'n':
        out += '\n';
        return {};
      case 't':
        out += '\t';
        return {};
      case 'r':
        out += '\r';
        return {};
      case '\\':
      case '\'':
      case '"':
        out += c;
        return {};
      case 'x':
        return ParseCodePoint(2, out);
      case 'u':
        return ParseCodePoint(4, out);
      case 'U':
        return ParseCodePoint(8, out);
      default:
        out += '\\';
        out += c;
        return {};
    }
  }

  Result<void> ParseCodePoint(size_t digits, std::string& out) {
    const std::string_view hex = text_.substr(at_, digits);
    uint32_t code = 0;
    const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), code, 16);
    const bool complete =
        hex.size() == digits && error == std::errc() && end == hex.data() + digits;
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (!complete || surrogate || code > 0x10FFFF)
      return Expected(fmt::format("{} hexadecimal digits of a character", digits));
    at_ += digits;
    AppendUtf8(out, code);
    return {};
  }

  Result<json::value> ParseNumber() {
    const size_t start = at_;
    while (IsWord(Peek()) || Peek() == '.' || Peek() == '+' || Peek() == '-') ++at_;
    std::string_view token = text_.substr(start, at_ - start);
    if (token.starts_with('+')) token.remove_prefix(1);
    const char* last = token.data() + token.size();
    int64_t integer = 0;
    if (const auto [end, error] = std::from_chars(token.data(), last, integer);
        error == std::errc() && end == last)
      return json::value(integer);
    double number = 0;
    if (const auto [end, error] = std::from_chars(token.data(), last, number);
        error == std::errc() && end == last && std::isfinite(number))
      return json::value(number);
    at_ = start;
    return Expected("a number");
  }

  Result<json::value> ParseName() {
    const size_t start = at_;
    while (IsWord(Peek())) ++at_;
    const std::string_view name = text_.substr(start, at_ - start);
    if (name == "True") return json::value(true);
    if (name == "False") return json::value(false);
    if (name == "None") return json::value(nullptr);
    at_ = start;
    return Expected(name.empty() ? "a value" : "a text in quotes");
  }

  std::string_view text_;
  size_t at_ = 0;
  bool trailing_comma_ = false;  // whether the list that was read last ended with ','
};

}  // namespace

Result<json::value> ParsePythonLiteral(std::string_view text) { return Parser(text).ParseAll(); }

}  // namespace vlmhb::config
