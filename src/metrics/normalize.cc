#include "metrics/normalize.h"

#include <utf8proc.h>

#include <algorithm>
#include <string>

#include "base/check.h"
#include "base/text.h"

namespace vlmhb::metrics {
namespace {

constexpr Symbol kNotQuick = -1;

// The normalised form of code points that neither change nor combine with a neighbour in the
// wanted form: most of the text that is met. Any other code point sends the text to utf8proc.
Symbol QuickNormalize(Symbol c, const NormalizeOptions& options) {
  const bool fold = options.ignore_case;
  if (c < 0x80) return fold && c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
  if (c >= 0x400 && c < 0x460) {  // Cyrillic; U+0483 and on are combining marks
    if (!fold || c >= 0x430) return c;
    return c < 0x410 ? c + 0x50 : c + 0x20;
  }
  if (c >= 0x4E00 && c < 0x9FA6) return c;  // the CJK ideographs of Unicode 1.1
  if (fold || options.unicode == UnicodeForm::kNfkc) return kNotQuick;
  if (c < 0x300 || (c >= 0x2010 && c < 0x2028) || options.unicode == UnicodeForm::kNone) return c;
  return kNotQuick;
}

// False if the text needs the whole algorithm; `out` is then unspecified.
bool NormalizeQuickly(std::string_view utf8, const NormalizeOptions& options,
                      std::vector<Symbol>& out) {
  out.resize(utf8.size());
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(utf8.data());
  size_t length = 0;
  for (size_t i = 0; i < utf8.size();) {
    Symbol c = bytes[i];
    utf8proc_ssize_t used = 1;
    if (c >= 0x80) used = utf8proc_iterate(bytes + i, utf8proc_ssize_t(utf8.size() - i), &c);
    if (used <= 0) return false;
    const Symbol normalized = QuickNormalize(c, options);
    if (normalized == kNotQuick) return false;
    out[length++] = normalized;
    i += size_t(used);
  }
  out.resize(length);
  return true;
}

void NormalizeFully(std::string_view utf8, const NormalizeOptions& options,
                    std::vector<Symbol>& out) {
  std::string sanitized;
  if (!IsValidUtf8(utf8)) utf8 = sanitized = SanitizeUtf8(utf8);
  int flags = 0;
  if (options.unicode != UnicodeForm::kNone) flags |= UTF8PROC_STABLE | UTF8PROC_COMPOSE;
  if (options.unicode == UnicodeForm::kNfkc) flags |= UTF8PROC_COMPAT;
  if (options.ignore_case) flags |= UTF8PROC_CASEFOLD;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(utf8.data());
  const auto decompose = [&] {
    return utf8proc_decompose(bytes, utf8proc_ssize_t(utf8.size()), out.data(),
                              utf8proc_ssize_t(out.size()), utf8proc_option_t(flags));
  };
  out.resize(utf8.size());
  utf8proc_ssize_t length = decompose();
  if (length > utf8proc_ssize_t(out.size())) {
    out.resize(size_t(length));
    length = decompose();
  }
  if (options.unicode != UnicodeForm::kNone && length > 0) {
    length = utf8proc_normalize_utf32(out.data(), length, utf8proc_option_t(flags));
  }
  CHECK(length >= 0, "utf8proc accepts every well-formed text");
  out.resize(size_t(length));
}

}  // namespace

void Normalize(std::string_view utf8, const NormalizeOptions& options, std::vector<Symbol>& out) {
  if (!NormalizeQuickly(utf8, options, out)) NormalizeFully(utf8, options, out);
  if (options.ignore_punctuation) std::erase_if(out, IsPunctuation);
}

bool IsPunctuation(Symbol c) {
  const utf8proc_category_t category = utf8proc_category(c);
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

bool IsWordCharacter(Symbol c) {
  const utf8proc_category_t category = utf8proc_category(c);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

bool IsWhiteSpace(Symbol c) {
  if (c <= 0x20) return c == 0x20 || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
  if (c < 0x1680) return c == 0x85 || c == 0xA0;
  return c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

SymbolSpan StripWhiteSpace(SymbolSpan text) {
  while (!text.empty() && IsWhiteSpace(text.front())) text = text.subspan(1);
  while (!text.empty() && IsWhiteSpace(text.back())) text = text.first(text.size() - 1);
  return text;
}

void CollapseWhiteSpace(std::vector<Symbol>& text) {
  size_t length = 0;
  bool in_run = false;
  for (const Symbol c : text) {
    const bool white = IsWhiteSpace(c);
    if (!white || !in_run) text[length++] = white ? ' ' : c;
    in_run = white;
  }
  text.resize(length);
}

std::string ToUtf8(SymbolSpan text) {
  std::string utf8;
  for (const Symbol symbol : text) {
    utf8proc_uint8_t bytes[4];
    const utf8proc_ssize_t length = utf8proc_encode_char(symbol, bytes);
    utf8.append(reinterpret_cast<const char*>(bytes), size_t(length));
  }
  return utf8;
}

}  // namespace vlmhb::metrics
