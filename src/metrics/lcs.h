#pragma once
// Length of the longest common subsequence, bit-parallel: Hyyrö, "Bit-parallel LCS-length
// computation revisited", 2004. Time O(n * m / 64), memory O(n + m).

#include <cstddef>
#include <cstdint>
#include <vector>

#include "metrics/normalize.h"

namespace vlmhb::metrics {

// Keeps its working memory between calls. One object per thread.
class Lcs {
 public:
  // Symmetric. REQUIRES: no negative symbol. The working memory has 8 bytes for every number up to
  // the largest symbol of `a`.
  size_t Length(SymbolSpan a, SymbolSpan b);

 private:
  size_t Block(SymbolSpan pattern, SymbolSpan text);

  std::vector<uint64_t> masks_;   // symbol -> where it stands in the current block of `a`
  std::vector<uint8_t> carries_;  // per symbol of `b`: out of the block above
};

}  // namespace vlmhb::metrics
