#include "report/escape.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include "base/text.h"

namespace vlmhb::report {
namespace {

// Characters that change how others are shown, or are not shown at all. U+200C and U+200D are
// left alone: Persian and emoji need them.
bool ActsInvisibly(utf8proc_int32_t c) {
  return c == 0x00AD || c == 0x061C || c == 0x180E || c == 0x200B || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
         (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE007F);
}

void AppendVisible(utf8proc_int32_t c, std::string_view bytes, std::string& out) {
  if (c == '\n' || c == '\t') {
    out += bytes;
  } else if (c < 0x20) {
    // The block of control pictures is in the order of the control characters.
    out += {'\xE2', '\x90', static_cast<char>(0x80 + c)};
  } else if (c == 0x7F) {
    out += "␡";
  } else if ((c >= 0x80 && c < 0xA0) || ActsInvisibly(c)) {
    out += fmt::format("‹U+{:04X}›", static_cast<uint32_t>(c));
  } else {
    out += bytes;
  }
}

bool IsMarkdownSpecial(char c) {
  return std::string_view("\\`*_[]!|~$").find(c) != std::string_view::npos;
}

// GitHub's Markdown makes no emphasis of an underscore between letters or digits.
bool InsideWord(std::string_view text, size_t at) {
  const auto is_word = [&](size_t i) {
    const char c = i < text.size() ? text[i] : ' ';
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return at > 0 && is_word(at - 1) && is_word(at + 1);
}

}  // namespace

std::string VisibleText(std::string_view text) {
  const std::string clean = SanitizeUtf8(text);
  std::string out;
  out.reserve(clean.size());
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(clean.data());
  for (size_t at = 0; at < clean.size();) {
    utf8proc_int32_t c = 0;
    const auto length = static_cast<size_t>(
        utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(clean.size() - at), &c));
    if (c == '\r' && at + 1 < clean.size() && clean[at + 1] == '\n') {
      ++at;
      continue;
    }
    AppendVisible(c, std::string_view(clean).substr(at, length), out);
    at += length;
  }
  return out;
}

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (const char c : VisibleText(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string EscapeMarkdown(std::string_view text) {
  std::string out;
  const std::string visible = VisibleText(text);
  for (size_t i = 0; i < visible.size(); ++i) {
    const char c = visible[i];
    const char next = i + 1 < visible.size() ? visible[i + 1] : '\0';
    if (c == '\n') {
      out += " ⏎ ";
    } else if (c == '\t') {
      out += ' ';
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '@' || (c == ':' && next == '/') ||
               (c == '.' && i >= 3 && visible.compare(i - 3, 3, "www") == 0)) {
      // GitHub links "x@y", "scheme://" and "www." by themselves, and a backslash does not stop it.
      out += fmt::format("&#{};", static_cast<int>(c));
    } else {
      // '#', '+' and '-' are markup at the start of a line only.
      const bool starts_block = i == 0 && (c == '#' || c == '+' || c == '-');
      if (starts_block || (IsMarkdownSpecial(c) && !(c == '_' && InsideWord(visible, i))))
        out += '\\';
      out += c;
    }
  }
  return out;
}

std::string Shorten(std::string_view text, size_t characters) {
  size_t at = 0;
  for (size_t count = 0; at < text.size(); ++at) {
    const bool starts = (static_cast<uint8_t>(text[at]) & 0xC0) != 0x80;
    if (starts && count++ == characters) return std::string(text.substr(0, at)) + "…";
    // Stray continuation bytes are bounded as well.
    if (at >= characters * 4) return Truncate(text, at);
  }
  return std::string(text);
}

}  // namespace vlmhb::report
