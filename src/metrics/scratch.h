#pragma once
// Working memory of metrics, kept from pair to pair so that scoring does not allocate for each. One
// per thread; its content means nothing between calls.

#include <cstdint>
#include <vector>

#include "metrics/lcs.h"
#include "metrics/levenshtein.h"
#include "metrics/normalize.h"
#include "metrics/word_ids.h"

namespace vlmhb::metrics {

struct Scratch {
  std::vector<Symbol> reference;
  std::vector<Symbol> answer;
  std::vector<Symbol> reference_words;
  std::vector<Symbol> answer_words;
  std::vector<Symbol> unsplit;
  std::vector<std::vector<Symbol>> labels;
  WordIds word_ids;
  Lcs lcs;
  Levenshtein levenshtein;
};

}  // namespace vlmhb::metrics
