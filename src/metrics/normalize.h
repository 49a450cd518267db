#pragma once
// From UTF-8 text to the code points that metrics compare (docs/metrics.md, "Unicode"). Pure and
// thread-safe.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vlmhb::metrics {

// A code point, or the number of a word. Never negative.
using Symbol = int32_t;
using SymbolSpan = std::span<const Symbol>;

enum class UnicodeForm { kNone, kNfc, kNfkc };

struct NormalizeOptions {
  UnicodeForm unicode = UnicodeForm::kNfc;
  bool ignore_case = false;         // full case folding, then the form again
  bool ignore_punctuation = false;  // code points of the general categories P* are removed

  bool operator==(const NormalizeOptions&) const = default;
};

// Replaces `out` by the normalised code points of `utf8`; its capacity is reused. Every ill-formed
// byte counts as U+FFFD.
void Normalize(std::string_view utf8, const NormalizeOptions& options, std::vector<Symbol>& out);

// The Unicode property White_Space, and U+001C to U+001F: what Python's str.isspace() accepts.
bool IsWhiteSpace(Symbol code_point);

// The general categories P*.
bool IsPunctuation(Symbol code_point);

// A letter, mark or number (L*, M*, N*): what words are made of.
bool IsWordCharacter(Symbol code_point);

// `text` without white space at its ends.
SymbolSpan StripWhiteSpace(SymbolSpan text);

// Replaces every run of white space by one space, in place.
void CollapseWhiteSpace(std::vector<Symbol>& text);

// REQUIRES: code points, not numbers of words.
std::string ToUtf8(SymbolSpan text);

}  // namespace vlmhb::metrics
