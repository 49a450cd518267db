#include "metrics/exact_match.h"

#include <algorithm>

namespace vlmhb::metrics {

Score ExactMatch(std::string_view reference, std::string_view answer,
                 const NormalizeOptions& options, Scratch& scratch) {
  Normalize(reference, options, scratch.reference);
  Normalize(answer, options, scratch.answer);
  const SymbolSpan expected = StripWhiteSpace(scratch.reference);
  const SymbolSpan got = StripWhiteSpace(scratch.answer);
  const bool equal = std::equal(expected.begin(), expected.end(), got.begin(), got.end());
  return {equal ? 1.0 : 0.0, 1.0};
}

}  // namespace vlmhb::metrics
