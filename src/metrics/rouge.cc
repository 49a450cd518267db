#include "metrics/rouge.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "metrics/references.h"
#include "metrics/scripts.h"

namespace vlmhb::metrics {
namespace {

// Words of `utf8`, separated by single spaces where `words` says so.
void SplitUnicode(std::string_view utf8, Scratch& scratch, std::vector<Symbol>& out) {
  std::vector<Symbol>& text = scratch.unsplit;
  Normalize(utf8, {.ignore_case = true}, text);
  out.clear();
  for (const Symbol c : text) {
    if (!IsWordCharacter(c)) {
      out.push_back(' ');
    } else if (IsIdeographOrKana(c)) {
      out.insert(out.end(), {' ', c, ' '});
    } else {
      out.push_back(c);
    }
  }
}

// As Python's str.lower(), by which the Kelvin sign and the first of the two characters of İ become
// ASCII letters.
void SplitAscii(std::string_view utf8, Scratch& scratch, std::vector<Symbol>& out) {
  Normalize(utf8, {.unicode = UnicodeForm::kNone}, scratch.unsplit);
  out.clear();
  for (Symbol c : scratch.unsplit) {
    if (c >= 'A' && c <= 'Z') c += 'a' - 'A';
    if (c == 0x212A) c = 'k';
    if (c == 0x130) out.push_back('i');
    const bool of_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    out.push_back(of_word ? c : ' ');
  }
}

void SplitWords(std::string_view utf8, WordKind words, Scratch& scratch, std::vector<Symbol>& out) {
  if (words == WordKind::kAscii) return SplitAscii(utf8, scratch, out);
  SplitUnicode(utf8, scratch, out);
}

}  // namespace

std::optional<Score> RougeL(std::string_view reference, std::string_view answer, WordKind words,
                            Scratch& scratch) {
  SplitWords(answer, words, scratch, scratch.answer);
  std::optional<double> best;
  for (const std::string& text : References(Trim(reference))) {
    SplitWords(text, words, scratch, scratch.reference);
    scratch.word_ids.Number(scratch.reference, scratch.reference_words);
    if (scratch.reference_words.empty()) continue;
    scratch.word_ids.Lookup(scratch.answer, scratch.answer_words);
    const size_t common = scratch.lcs.Length(scratch.reference_words, scratch.answer_words);
    const size_t all = scratch.reference_words.size() + scratch.answer_words.size();
    best = std::max(best.value_or(0), 2.0 * double(common) / double(all));
  }
  return best ? std::optional<Score>(Score{*best, 1}) : std::nullopt;
}

}  // namespace vlmhb::metrics
