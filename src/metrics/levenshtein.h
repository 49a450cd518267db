#pragma once
// Levenshtein distance (insertions, deletions and substitutions, each costing 1), bit-parallel:
// Myers, "A fast bit-vector algorithm for approximate string matching", J. ACM 46(3), 1999, with
// the carry between blocks of Hyyrö, "A bit-vector algorithm for computing Levenshtein and Damerau
// edit distances", 2003, and Ukkonen's band, widened until it holds the distance. Time is O(length
// * (distance / 64 + 1)) for long inputs, memory O(length).

#include <cstddef>
#include <cstdint>
#include <vector>

#include "metrics/normalize.h"

namespace vlmhb::metrics {

// Keeps its working memory between calls, so that a call on inputs no longer than before does not
// allocate. One object per thread.
class Levenshtein {
 public:
  // Symmetric. REQUIRES: no negative symbol. The working memory has 4 bytes for every number up to
  // the largest symbol of the shorter input.
  size_t Distance(SymbolSpan a, SymbolSpan b);

 private:
  void RankPattern(SymbolSpan pattern);
  void UnrankPattern(SymbolSpan pattern);
  uint32_t Rank(Symbol symbol) const;
  size_t OneBlock(SymbolSpan pattern, SymbolSpan text);
  size_t Blocks(SymbolSpan pattern, SymbolSpan text);
  size_t Banded(SymbolSpan pattern, size_t band);

  std::vector<uint32_t> ranks_;       // symbol -> its number in the pattern, from 1; 0: not in it
  std::vector<uint64_t> masks_;       // rank -> where it stands in the current block
  std::vector<uint32_t> text_ranks_;  // the text, as ranks
  std::vector<int8_t> deltas_;        // per column: D(row, j) - D(row, j - 1) above the block
};

}  // namespace vlmhb::metrics
