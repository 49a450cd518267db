#pragma once
// Splits text into words and numbers them, so that the edit distance over words is one over
// symbols.

#include <cstdint>
#include <vector>

#include "metrics/normalize.h"

namespace vlmhb::metrics {

// Keeps its working memory between calls. One object per thread.
class WordIds {
 public:
  // The words of `text` (maximal runs without white space) as numbers from 0, equal for equal
  // words. `text` must outlive the following calls of Lookup.
  void Number(SymbolSpan text, std::vector<Symbol>& ids);

  // The words of another text under the same numbers; every word that the first one does not have
  // gets one number of its own kind, which no word of the first has.
  void Lookup(SymbolSpan text, std::vector<Symbol>& ids) const;

 private:
  struct Slot {
    uint64_t hash = 0;
    SymbolSpan word;  // empty: a free slot
    Symbol id = 0;
  };
  size_t Find(SymbolSpan word, uint64_t hash) const;

  std::vector<SymbolSpan> words_;
  std::vector<Slot> slots_;  // open addressing, at most half full; a power of two
  size_t used_slots_ = 0;    // of the capacity, what the current text uses
  Symbol count_ = 0;
};

}  // namespace vlmhb::metrics
