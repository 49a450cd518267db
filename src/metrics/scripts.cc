#include "metrics/scripts.h"

#include <utf8proc.h>

#include <algorithm>

namespace vlmhb::metrics {
namespace {

struct Range {
  Symbol first;
  Symbol last;
  Script script;
};

// Blocks of Unicode 15, by code point.
constexpr Range kRanges[] = {
    {0x0000, 0x02AF, Script::kLatin},     // with IPA
    {0x0400, 0x052F, Script::kCyrillic},  // with its supplement
    {0x0600, 0x06FF, Script::kArabic},   {0x0750, 0x077F, Script::kArabic},
    {0x0870, 0x08FF, Script::kArabic},   {0x1100, 0x11FF, Script::kCjk},    // hangul jamo
    {0x1C80, 0x1C8F, Script::kCyrillic}, {0x1D00, 0x1DBF, Script::kLatin},  // phonetic
    {0x1E00, 0x1EFF, Script::kLatin},    {0x2C60, 0x2C7F, Script::kLatin},
    {0x2DE0, 0x2DFF, Script::kCyrillic}, {0x2E80, 0x2FDF, Script::kCjk},  // radicals
    {0x3005, 0x30FF, Script::kCjk},      {0x3130, 0x318F, Script::kCjk},
    {0x31F0, 0x31FF, Script::kCjk},      {0x3400, 0x4DBF, Script::kCjk},
    {0x4E00, 0x9FFF, Script::kCjk},      {0xA640, 0xA69F, Script::kCyrillic},
    {0xA720, 0xA7FF, Script::kLatin},    {0xA960, 0xA97F, Script::kCjk},
    {0xAB30, 0xAB6F, Script::kLatin},    {0xAC00, 0xD7FF, Script::kCjk},
    {0xF900, 0xFAFF, Script::kCjk},      {0xFB00, 0xFB06, Script::kLatin},
    {0xFB50, 0xFDFF, Script::kArabic},   {0xFE70, 0xFEFF, Script::kArabic},
    {0xFF21, 0xFF5A, Script::kLatin},    {0xFF66, 0xFFDC, Script::kCjk},
    {0x1AFF0, 0x1B16F, Script::kCjk},    {0x20000, 0x323AF, Script::kCjk},
};

bool IsHangul(Symbol c) {
  return (c >= 0x1100 && c <= 0x11FF) || (c >= 0x3130 && c <= 0x318F) ||
         (c >= 0xA960 && c <= 0xA97F) || (c >= 0xAC00 && c <= 0xD7FF) ||
         (c >= 0xFFA0 && c <= 0xFFDC);
}

bool IsMark(Symbol c) {
  const utf8proc_category_t category = utf8proc_category(c);
  return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

Script ByBlock(Symbol c) {
  const auto above =
      std::upper_bound(std::begin(kRanges), std::end(kRanges), c,
                       [](Symbol symbol, const Range& range) { return symbol < range.first; });
  if (above == std::begin(kRanges)) return Script::kOther;
  const Range& range = *std::prev(above);
  return c <= range.last ? range.script : Script::kOther;
}

}  // namespace

std::string_view ScriptName(Script script) {
  constexpr std::array<std::string_view, kScripts> kNames = {"Latin",  "Cyrillic", "CJK",
                                                             "Arabic", "digits",   "other"};
  return kNames.at(size_t(script));
}

Script ScriptOf(Symbol letter) {
  return utf8proc_category(letter) == UTF8PROC_CATEGORY_ND ? Script::kDigits : ByBlock(letter);
}

bool IsIdeographOrKana(Symbol c) {
  return c >= 0x2E80 && ByBlock(c) == Script::kCjk && !IsHangul(c);
}

ScriptCounts CountScripts(SymbolSpan text) {
  ScriptCounts counts{};
  for (const Symbol c : text)
    if (IsWordCharacter(c) && !IsMark(c)) ++counts[size_t(ScriptOf(c))];
  return counts;
}

}  // namespace vlmhb::metrics
