#pragma once
// Which writing systems a text is made of. A model that silently drops one of them is seen by
// comparing the counts of answers with those of references. Pure and thread-safe.

#include <array>
#include <cstdint>
#include <string_view>

#include "metrics/normalize.h"

namespace vlmhb::metrics {

enum class Script { kLatin, kCyrillic, kCjk, kArabic, kDigits, kOther };
inline constexpr size_t kScripts = 6;
std::string_view ScriptName(Script script);  // "Latin", "Cyrillic", "CJK", "Arabic", …

// A letter's script by its Unicode block; decimal digits of any script are kDigits. CJK has Chinese
// characters, kana and hangul. REQUIRES: IsWordCharacter(letter).
Script ScriptOf(Symbol letter);

// A Chinese character or kana: languages that write no space between words.
bool IsIdeographOrKana(Symbol code_point);

// Letters and digits by script; spaces, punctuation, symbols and marks are not counted.
using ScriptCounts = std::array<uint64_t, kScripts>;
ScriptCounts CountScripts(SymbolSpan text);

}  // namespace vlmhb::metrics
