#include "metrics/word_ids.h"

#include <algorithm>
#include <bit>

namespace vlmhb::metrics {
namespace {

// Calls `use(word)` for every word of `text`, in order.
template <typename Use>
void ForEachWord(SymbolSpan text, Use use) {
  for (size_t i = 0; i < text.size();) {
    if (IsWhiteSpace(text[i])) {
      ++i;
      continue;
    }
    size_t end = i + 1;
    while (end < text.size() && !IsWhiteSpace(text[end])) ++end;
    use(text.subspan(i, end - i));
    i = end;
  }
}

uint64_t HashWord(SymbolSpan word) {
  uint64_t hash = 0x9E3779B97F4A7C15u;
  for (const Symbol symbol : word) {
    hash = (hash ^ uint64_t(symbol)) * 0xD6E8FEB86659FD93u;
    hash ^= hash >> 32;
  }
  return hash;
}

}  // namespace

size_t WordIds::Find(SymbolSpan word, uint64_t hash) const {
  size_t i = hash & (used_slots_ - 1);
  while (!slots_[i].word.empty() &&
         (slots_[i].hash != hash ||
          !std::equal(word.begin(), word.end(), slots_[i].word.begin(), slots_[i].word.end()))) {
    i = (i + 1) & (used_slots_ - 1);
  }
  return i;
}

void WordIds::Number(SymbolSpan text, std::vector<Symbol>& ids) {
  words_.clear();
  ForEachWord(text, [&](SymbolSpan word) { words_.push_back(word); });
  used_slots_ = std::bit_ceil(2 * words_.size() + 2);
  if (slots_.size() < used_slots_) slots_.resize(used_slots_);
  std::fill_n(slots_.begin(), used_slots_, Slot{});
  count_ = 0;
  ids.clear();
  for (const SymbolSpan word : words_) {
    const uint64_t hash = HashWord(word);
    Slot& slot = slots_[Find(word, hash)];
    if (slot.word.empty()) slot = {hash, word, count_++};
    ids.push_back(slot.id);
  }
}

void WordIds::Lookup(SymbolSpan text, std::vector<Symbol>& ids) const {
  ids.clear();
  ForEachWord(text, [&](SymbolSpan word) {
    const Slot& slot = slots_[Find(word, HashWord(word))];
    ids.push_back(slot.word.empty() ? count_ : slot.id);
  });
}

}  // namespace vlmhb::metrics
