#include "report/text_diff.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/text.h"

namespace vlmhb::report {
namespace {

using Characters = std::vector<std::string_view>;

// Views into `text`, which must be valid UTF-8.
Characters SplitCharacters(std::string_view text) {
  Characters characters;
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  utf8proc_int32_t state = 0;
  utf8proc_int32_t previous = 0;
  size_t start = 0;
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t c = 0;
    const auto length =
        utf8proc_iterate(bytes + at, static_cast<utf8proc_ssize_t>(text.size() - at), &c);
    if (at > 0 && utf8proc_grapheme_break_stateful(previous, c, &state)) {
      characters.push_back(text.substr(start, at - start));
      start = at;
    }
    previous = c;
    at += static_cast<size_t>(length);
  }
  if (start < text.size()) characters.push_back(text.substr(start));
  return characters;
}

// Which characters of both belong to a longest common subsequence. The table holds, for the rest
// of both texts from (i, j) on, its length.
std::pair<std::vector<bool>, std::vector<bool>> CommonCharacters(const Characters& a,
                                                                 const Characters& b) {
  const size_t width = b.size() + 1;
  std::vector<uint16_t> longest((a.size() + 1) * width, 0);
  for (size_t i = a.size(); i-- > 0;) {
    for (size_t j = b.size(); j-- > 0;) {
      longest[i * width + j] =
          a[i] == b[j] ? static_cast<uint16_t>(longest[(i + 1) * width + j + 1] + 1)
                       : std::max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  std::pair<std::vector<bool>, std::vector<bool>> common{std::vector<bool>(a.size()),
                                                         std::vector<bool>(b.size())};
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i] == b[j]) {
      common.first[i++] = true;
      common.second[j++] = true;
    } else if (longest[(i + 1) * width + j] >= longest[i * width + j + 1]) {
      ++i;
    } else {
      ++j;
    }
  }
  return common;
}

// A match of one character between changes on both sides, in both texts, is chance. Matches are
// walked in step, since the n-th common character of one text is the n-th of the other.
void DropIslands(std::vector<bool>& a, std::vector<bool>& b) {
  const auto alone = [](const std::vector<bool>& common, size_t at) {
    return at > 0 && at + 1 < common.size() && !common[at - 1] && !common[at + 1];
  };
  std::vector<std::pair<size_t, size_t>> islands;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size(); ++i, ++j) {
    while (i < a.size() && !a[i]) ++i;
    while (j < b.size() && !b[j]) ++j;
    if (i < a.size() && j < b.size() && alone(a, i) && alone(b, j)) islands.emplace_back(i, j);
  }
  for (const auto& [i, j] : islands) {
    a[i] = false;
    b[j] = false;
  }
}

std::vector<DiffPiece> Pieces(const Characters& characters, const std::vector<bool>& common) {
  std::vector<DiffPiece> pieces;
  for (size_t i = 0; i < characters.size(); ++i) {
    if (pieces.empty() || pieces.back().changed == common[i]) pieces.push_back({!common[i], ""});
    pieces.back().text += characters[i];
  }
  return pieces;
}

}  // namespace

TextDiff DiffTexts(std::string_view expected, std::string_view got) {
  const std::string clean_expected = SanitizeUtf8(expected);
  const std::string clean_got = SanitizeUtf8(got);
  const Characters a = SplitCharacters(clean_expected);
  const Characters b = SplitCharacters(clean_got);
  auto [common_a, common_b] = CommonCharacters(a, b);
  const auto matches = static_cast<size_t>(std::count(common_a.begin(), common_a.end(), true));
  if (matches * 3 < std::max(a.size(), b.size())) {
    common_a.assign(a.size(), false);
    common_b.assign(b.size(), false);
  } else {
    DropIslands(common_a, common_b);
  }
  return {Pieces(a, common_a), Pieces(b, common_b)};
}

}  // namespace vlmhb::report
