#include "metrics/levenshtein.h"

#include <algorithm>

namespace vlmhb::metrics {
namespace {

constexpr size_t kBlock = 64;
constexpr size_t kFirstBand = 64;

// What both have in front and at the end costs nothing.
void DropCommonEnds(SymbolSpan& a, SymbolSpan& b) {
  const size_t prefix =
      size_t(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  a = a.subspan(prefix);
  b = b.subspan(prefix);
  const size_t suffix =
      size_t(std::mismatch(a.rbegin(), a.rend(), b.rbegin(), b.rend()).first - a.rbegin());
  a = a.first(a.size() - suffix);
  b = b.first(b.size() - suffix);
}

// One column of a block of up to 64 rows. Bit i of `plus` and `minus`: D(i + 1) - D(i) is +1, -1.
struct Column {
  uint64_t plus = ~uint64_t{0};
  uint64_t minus = 0;

  // Goes to the next column. `match`: rows whose symbol is the column's. `above`: the horizontal
  // difference on top of the block. Returns the one in the row of bit `last`.
  int Advance(uint64_t match, int above, uint64_t last) {
    const uint64_t carry = above < 0;
    const uint64_t vertical = match | minus;
    match |= carry;
    const uint64_t horizontal = (((match & plus) + plus) ^ plus) | match;
    uint64_t right_plus = minus | ~(horizontal | plus);
    uint64_t right_minus = plus & horizontal;
    const int below = int((right_plus & last) != 0) - int((right_minus & last) != 0);
    right_plus = (right_plus << 1) | uint64_t(above > 0);
    right_minus = (right_minus << 1) | carry;
    plus = right_minus | ~(vertical | right_plus);
    minus = right_plus & vertical;
    return below;
  }
};

}  // namespace

size_t Levenshtein::Distance(SymbolSpan a, SymbolSpan b) {
  DropCommonEnds(a, b);
  if (a.size() > b.size()) std::swap(a, b);
  if (a.empty()) return b.size();
  RankPattern(a);
  const size_t distance = a.size() <= kBlock ? OneBlock(a, b) : Blocks(a, b);
  UnrankPattern(a);
  return distance;
}

void Levenshtein::RankPattern(SymbolSpan pattern) {
  const size_t largest = size_t(*std::max_element(pattern.begin(), pattern.end()));
  if (ranks_.size() <= largest) ranks_.resize(largest + 1);
  uint32_t count = 0;
  for (const Symbol symbol : pattern) {
    uint32_t& rank = ranks_[size_t(symbol)];
    if (rank == 0) rank = ++count;
  }
  masks_.assign(count + 1, 0);
}

void Levenshtein::UnrankPattern(SymbolSpan pattern) {
  for (const Symbol symbol : pattern) ranks_[size_t(symbol)] = 0;
}

uint32_t Levenshtein::Rank(Symbol symbol) const {
  return size_t(symbol) < ranks_.size() ? ranks_[size_t(symbol)] : 0;
}

size_t Levenshtein::OneBlock(SymbolSpan pattern, SymbolSpan text) {
  for (size_t i = 0; i < pattern.size(); ++i) masks_[Rank(pattern[i])] |= uint64_t{1} << i;
  const uint64_t last = uint64_t{1} << (pattern.size() - 1);
  Column column;
  size_t distance = pattern.size();
  for (const Symbol symbol : text) {
    distance += size_t(column.Advance(masks_[Rank(symbol)], 1, last));
  }
  return distance;
}

// A distance of at most `band` is found by looking only at cells |row - column| <= band; a larger
// one comes out as some number above `band`, and is tried again in a wider band.
size_t Levenshtein::Blocks(SymbolSpan pattern, SymbolSpan text) {
  text_ranks_.resize(text.size());
  for (size_t j = 0; j < text.size(); ++j) text_ranks_[j] = Rank(text[j]);
  for (size_t band = std::max(kFirstBand, text.size() - pattern.size());; band *= 4) {
    const size_t distance = Banded(pattern, band);
    if (distance <= band || band >= text.size()) return distance;
  }
}

// Goes through the matrix in strips of 64 rows, each from left to right inside of the band.
// Differences that the strip above or the column before did not compute are taken as +1: never too
// small, and those of a path, so that no cell inside of the band can come out too small either.
size_t Levenshtein::Banded(SymbolSpan pattern, size_t band) {
  const size_t columns = text_ranks_.size();
  const auto first_column = [band](size_t row) { return row > band ? row - band : 0; };
  deltas_.assign(columns, 1);
  size_t distance = 0;  // D(top row of the strip, its first column)
  for (size_t top = 0; top < pattern.size(); top += kBlock) {
    const size_t height = std::min(kBlock, pattern.size() - top);
    const bool is_last = top + height == pattern.size();
    const size_t begin = first_column(top);
    const size_t end = std::min(columns, top + height + band);
    const size_t next_begin = is_last ? end : first_column(top + height);
    const SymbolSpan rows = pattern.subspan(top, height);
    for (size_t i = 0; i < height; ++i) masks_[Rank(rows[i])] |= uint64_t{1} << i;

    const uint64_t last = uint64_t{1} << (height - 1);
    Column column;
    distance += height;
    for (size_t j = begin; j < end; ++j) {
      const int below = column.Advance(masks_[text_ranks_[j]], deltas_[j], last);
      deltas_[j] = int8_t(below);
      if (j < next_begin) distance += size_t(below);
    }
    for (const Symbol symbol : rows) masks_[Rank(symbol)] = 0;
  }
  return distance;
}

}  // namespace vlmhb::metrics
