#include "metrics/lcs.h"

#include <algorithm>
#include <bit>

namespace vlmhb::metrics {
namespace {

constexpr size_t kBlock = 64;

}  // namespace

// Goes through the matrix in strips of 64 rows, each from left to right.
size_t Lcs::Length(SymbolSpan a, SymbolSpan b) {
  carries_.assign(b.size(), 0);
  size_t length = 0;
  for (size_t row = 0; row < a.size(); row += kBlock)
    length += Block(a.subspan(row, std::min(kBlock, a.size() - row)), b);
  return length;
}

// A bit of `open` is 0 where the row's length is one more than that of the row above.
size_t Lcs::Block(SymbolSpan pattern, SymbolSpan text) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    const size_t symbol = size_t(pattern[i]);
    if (symbol >= masks_.size()) masks_.resize(symbol + 1);
    masks_[symbol] |= uint64_t{1} << i;
  }
  uint64_t open = ~uint64_t{0};
  for (size_t j = 0; j < text.size(); ++j) {
    const size_t symbol = size_t(text[j]);
    const uint64_t match = open & (symbol < masks_.size() ? masks_[symbol] : 0);
    uint64_t sum = 0;
    const bool carry_of_match = __builtin_add_overflow(open, match, &sum);
    const bool carry_of_above = __builtin_add_overflow(sum, uint64_t{carries_[j]}, &sum);
    open = sum | (open - match);
    carries_[j] = carry_of_match || carry_of_above;
  }
  for (const Symbol symbol : pattern) masks_[size_t(symbol)] = 0;
  const uint64_t rows =
      pattern.size() == kBlock ? ~uint64_t{0} : (uint64_t{1} << pattern.size()) - 1;
  return size_t(std::popcount(~open & rows));
}

}  // namespace vlmhb::metrics
