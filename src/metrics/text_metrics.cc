#include "metrics/text_metrics.h"

namespace vlmhb::metrics {

std::optional<Score> CharacterErrorRate(std::string_view reference, std::string_view answer,
                                        const NormalizeOptions& options, Scratch& scratch) {
  Normalize(reference, options, scratch.reference);
  const SymbolSpan expected = StripWhiteSpace(scratch.reference);
  if (expected.empty()) return std::nullopt;
  Normalize(answer, options, scratch.answer);
  const SymbolSpan got = StripWhiteSpace(scratch.answer);
  return Score{double(scratch.levenshtein.Distance(expected, got)), double(expected.size())};
}

std::optional<Score> WordErrorRate(std::string_view reference, std::string_view answer,
                                   const NormalizeOptions& options, Scratch& scratch) {
  Normalize(reference, options, scratch.reference);
  scratch.word_ids.Number(scratch.reference, scratch.reference_words);
  if (scratch.reference_words.empty()) return std::nullopt;
  Normalize(answer, options, scratch.answer);
  scratch.word_ids.Lookup(scratch.answer, scratch.answer_words);
  return Score{double(scratch.levenshtein.Distance(scratch.reference_words, scratch.answer_words)),
               double(scratch.reference_words.size())};
}

}  // namespace vlmhb::metrics
