#include "metrics/labels.h"

#include <algorithm>
#include <vector>

namespace vlmhb::metrics {
namespace {

bool IsDecoration(Symbol c) { return IsWhiteSpace(c) || IsPunctuation(c) || c == '`'; }

SymbolSpan Trimmed(SymbolSpan text) {
  while (!text.empty() && IsDecoration(text.front())) text = text.subspan(1);
  while (!text.empty() && IsDecoration(text.back())) text = text.first(text.size() - 1);
  return text;
}

std::vector<Symbol> Clean(std::string_view text, const NormalizeOptions& options) {
  std::vector<Symbol> symbols;
  Normalize(text, options, symbols);
  CollapseWhiteSpace(symbols);
  const SymbolSpan trimmed = Trimmed(symbols);
  return {trimmed.begin(), trimmed.end()};
}

// Whether `label` stands at `at`, and no word goes on at its ends.
bool StandsAt(SymbolSpan text, size_t at, SymbolSpan label) {
  if (label.empty() || label.size() > text.size() - at) return false;
  if (!std::equal(label.begin(), label.end(), text.begin() + ptrdiff_t(at))) return false;
  const size_t end = at + label.size();
  return (at == 0 || !IsWordCharacter(text[at - 1])) &&
         (end == text.size() || !IsWordCharacter(text[end]));
}

// The only label that occurs in `text`; nullptr if none or several do.
const std::vector<Symbol>* OnlyLabelIn(SymbolSpan text,
                                       std::span<const std::vector<Symbol>> labels) {
  const std::vector<Symbol>* found = nullptr;
  for (size_t at = 0; at < text.size();) {
    const std::vector<Symbol>* longest = nullptr;
    for (const std::vector<Symbol>& label : labels)
      if (StandsAt(text, at, label) && (longest == nullptr || label.size() > longest->size()))
        longest = &label;
    if (longest == nullptr) {
      ++at;
      continue;
    }
    if (found != nullptr && *found != *longest) return nullptr;
    found = longest;
    at += longest->size();
  }
  return found;
}

}  // namespace

std::string NamedLabel(std::string_view answer, std::span<const std::string> labels,
                       const NormalizeOptions& options, Scratch& scratch) {
  const std::vector<Symbol> text = Clean(answer, options);
  if (labels.empty()) return ToUtf8(text);
  std::vector<std::vector<Symbol>>& clean = scratch.labels;
  clean.clear();
  for (const std::string& label : labels) clean.push_back(Clean(label, options));
  if (std::find(clean.begin(), clean.end(), text) != clean.end()) return ToUtf8(text);
  const std::vector<Symbol>* only = OnlyLabelIn(text, clean);
  return only != nullptr ? ToUtf8(*only) : "";
}

std::optional<Score> LabelAccuracy(std::string_view reference, std::string_view answer,
                                   std::span<const std::string> labels,
                                   const NormalizeOptions& options, Scratch& scratch) {
  const std::string expected = NamedLabel(reference, {}, options, scratch);
  if (expected.empty()) return std::nullopt;
  const bool equal = NamedLabel(answer, {}, options, scratch) == expected ||
                     NamedLabel(answer, labels, options, scratch) == expected;
  return Score{equal ? 1.0 : 0.0, 1};
}

}  // namespace vlmhb::metrics
