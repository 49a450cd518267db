#pragma once
// What differs between the expected text and the answer, by user-perceived characters (grapheme
// clusters), for highlighting. A pure function.

#include <string>
#include <string_view>
#include <vector>

namespace vlmhb::report {

struct DiffPiece {
  bool changed = false;  // only in this text
  std::string text;
};

struct TextDiff {
  std::vector<DiffPiece> expected;  // their texts joined are the expected text
  std::vector<DiffPiece> got;
};

// A longest common subsequence, with scattered single matches between changes counted as changed,
// since confetti cannot be read. When less than a third is common the whole of both is "changed".
// Cost is the product of the lengths: cut the texts first (a few thousand characters).
TextDiff DiffTexts(std::string_view expected, std::string_view got);

}  // namespace vlmhb::report
