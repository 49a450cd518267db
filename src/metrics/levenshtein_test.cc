#include "metrics/levenshtein.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace vlmhb::metrics {
namespace {

using Text = std::vector<Symbol>;

// The textbook recurrence.
size_t NaiveDistance(const Text& a, const Text& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

Text RandomText(std::mt19937& random, size_t length, int alphabet) {
  Text text(length);
  for (Symbol& symbol : text) symbol = 0x430 + Symbol(random() % unsigned(alphabet));
  return text;
}

// `edits` random edits of `text`.
Text Edited(std::mt19937& random, Text text, size_t edits, int alphabet) {
  for (size_t i = 0; i < edits; ++i) {
    const size_t at = random() % (text.size() + 1);
    const Symbol symbol = RandomText(random, 1, alphabet)[0];
    if (random() % 3 == 0 || at == text.size()) {
      text.insert(text.begin() + ptrdiff_t(at), symbol);
    } else if (random() % 2 == 0) {
      text.erase(text.begin() + ptrdiff_t(at));
    } else {
      text[at] = symbol;
    }
  }
  return text;
}

TEST(LevenshteinTest, KnownDistances) {
  Levenshtein levenshtein;
  const auto distance = [&](std::string_view a, std::string_view b) {
    return levenshtein.Distance(Text(a.begin(), a.end()), Text(b.begin(), b.end()));
  };
  EXPECT_EQ(distance("", ""), 0u);
  EXPECT_EQ(distance("", "abc"), 3u);
  EXPECT_EQ(distance("abc", ""), 3u);
  EXPECT_EQ(distance("kitten", "sitting"), 3u);
  EXPECT_EQ(distance("Saturday", "Sunday"), 3u);
  EXPECT_EQ(distance("aba", "ababa"), 2u);
}

TEST(LevenshteinTest, AgreesWithTheRecurrenceAroundBlockBorders) {
  std::mt19937 random(1);
  Levenshtein levenshtein;
  const size_t lengths[] = {1, 2, 31, 62, 63, 64, 65, 66, 127, 128, 129, 130, 191, 192, 193, 320};
  for (const size_t length : lengths) {
    for (const int alphabet : {2, 5, 60}) {
      for (const size_t other : lengths) {
        const Text a = RandomText(random, length, alphabet);
        const Text b = RandomText(random, other, alphabet);
        ASSERT_EQ(levenshtein.Distance(a, b), NaiveDistance(a, b)) << length << " " << other;
      }
      const Text a = RandomText(random, length, alphabet);
      const Text b = Edited(random, a, 1 + random() % (length / 4 + 1), alphabet);
      ASSERT_EQ(levenshtein.Distance(a, b), NaiveDistance(a, b)) << length;
    }
  }
}

// Distances just below, at and above the first bands, where the widening is decided.
TEST(LevenshteinTest, AgreesWithTheRecurrenceForEveryBand) {
  std::mt19937 random(2);
  Levenshtein levenshtein;
  for (const size_t edits : {1, 30, 60, 64, 68, 100, 250, 260, 400}) {
    const Text a = RandomText(random, 1100, 40);
    const Text b = Edited(random, a, edits, 40);
    ASSERT_EQ(levenshtein.Distance(a, b), NaiveDistance(a, b)) << edits;
  }
  const Text a = RandomText(random, 700, 3);
  Text shifted(a.begin() + 90, a.end());
  shifted.insert(shifted.end(), a.begin(), a.begin() + 90);
  EXPECT_EQ(levenshtein.Distance(a, shifted), NaiveDistance(a, shifted));
  const Text longer = RandomText(random, 1500, 3);
  EXPECT_EQ(levenshtein.Distance(a, longer), NaiveDistance(a, longer));
}

TEST(LevenshteinTest, IsAMetric) {
  std::mt19937 random(3);
  Levenshtein levenshtein;
  for (int i = 0; i < 2000; ++i) {
    const Text a = RandomText(random, random() % 150, 4);
    const Text b = Edited(random, a, random() % 40, 4);
    const Text c = RandomText(random, random() % 150, 4);
    const size_t ab = levenshtein.Distance(a, b);
    const size_t bc = levenshtein.Distance(b, c);
    const size_t ac = levenshtein.Distance(a, c);
    ASSERT_EQ(levenshtein.Distance(a, a), 0u);
    ASSERT_EQ(ab == 0, a == b);
    ASSERT_EQ(ab, levenshtein.Distance(b, a));
    ASSERT_LE(ac, ab + bc);
    ASSERT_LE(ac, std::max(a.size(), c.size()));
    ASSERT_GE(ac, std::max(a.size(), c.size()) - std::min(a.size(), c.size()));
  }
}

}  // namespace
}  // namespace vlmhb::metrics
