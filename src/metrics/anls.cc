#include "metrics/anls.h"

#include <algorithm>

namespace vlmhb::metrics {

Score Anls(std::string_view reference, std::string_view answer, const NormalizeOptions& options,
           double threshold, Scratch& scratch) {
  Normalize(reference, options, scratch.reference);
  Normalize(answer, options, scratch.answer);
  CollapseWhiteSpace(scratch.reference);
  CollapseWhiteSpace(scratch.answer);
  const SymbolSpan expected = StripWhiteSpace(scratch.reference);
  const SymbolSpan got = StripWhiteSpace(scratch.answer);
  const size_t longer = std::max(expected.size(), got.size());
  const size_t distance = scratch.levenshtein.Distance(expected, got);
  const double normalized = longer == 0 ? 0 : double(distance) / double(longer);
  return {normalized < threshold ? 1 - normalized : 0, 1};
}

}  // namespace vlmhb::metrics
