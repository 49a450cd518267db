#include "metrics/choice.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace vlmhb::metrics {
namespace {

// Stems and words in lower case; the stems cover the Russian cases.
constexpr std::array<std::string_view, 1> kAnswerStems = {"ответ"};
constexpr std::array<std::string_view, 2> kAnswerWords = {"answer", "boxed"};
constexpr std::array<std::string_view, 3> kChoiceStems = {"вариант", "букв", "выбор"};
constexpr std::array<std::string_view, 4> kChoiceWords = {"option", "choice", "letter", "выбираю"};
constexpr std::array<std::string_view, 14> kBetweenWords = {
    "is",     "the",    "correct", "final", "would",      "be",     "text",
    "mathrm", "mathbf", "textbf",  "это",   "правильный", "верный", "под"};

constexpr std::string_view kSeparators = " \t\n\r:.*_`\"'\\([{<-=#>";
constexpr std::array<Symbol, 3> kMoreSeparators = {0x2013, 0x2014, 0xAB};  // – — «

bool IsSeparator(Symbol c) {
  return (c > 0 && c < 0x80 && kSeparators.find(char(c)) != std::string_view::npos) ||
         std::find(kMoreSeparators.begin(), kMoreSeparators.end(), c) != kMoreSeparators.end();
}

// "АВЕКМНОРСТХ" look like "ABEKMHOPCTX".
Symbol AsLatin(Symbol c) {
  constexpr std::array<std::pair<Symbol, char>, 11> kAlike = {{{0x410, 'A'},
                                                               {0x412, 'B'},
                                                               {0x415, 'E'},
                                                               {0x41A, 'K'},
                                                               {0x41C, 'M'},
                                                               {0x41D, 'H'},
                                                               {0x41E, 'O'},
                                                               {0x420, 'P'},
                                                               {0x421, 'C'},
                                                               {0x422, 'T'},
                                                               {0x425, 'X'}}};
  for (const auto& [cyrillic, latin] : kAlike)
    if (c == cyrillic) return latin;
  return c;
}

struct Word {
  size_t begin = 0;
  size_t end = 0;
  enum class Kind { kAnswer, kChoice, kBetween, kLetter, kOther } kind = Kind::kOther;
  Symbol letter = 0;  // capital
  bool is_small = false;
};

template <size_t n>
bool IsOneOf(const std::array<std::string_view, n>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

template <size_t n>
bool BeginsWithOneOf(const std::array<std::string_view, n>& stems, std::string_view word) {
  return std::any_of(stems.begin(), stems.end(),
                     [&](std::string_view stem) { return word.starts_with(stem); });
}

// Reads an answer word by word.
class Reader {
 public:
  explicit Reader(SymbolSpan text) : text_(text) { SplitWords(); }

  std::optional<Symbol> Committed() const {
    if (const auto letter = After(Word::Kind::kAnswer)) return letter;
    if (const auto letter = Leading()) return letter;
    if (const auto letter = After(Word::Kind::kChoice)) return letter;
    if (const auto letter = InBrackets()) return letter;
    return LastWord();
  }

 private:
  void SplitWords() {
    for (size_t i = 0; i < text_.size();) {
      if (!IsWordCharacter(text_[i])) {
        ++i;
        continue;
      }
      Word word{.begin = i};
      while (i < text_.size() && IsWordCharacter(text_[i])) ++i;
      word.end = i;
      Classify(word);
      words_.push_back(word);
    }
  }

  void Classify(Word& word) const {
    constexpr size_t kLongest = 32;
    const SymbolSpan symbols = text_.subspan(word.begin, word.end - word.begin);
    if (symbols.size() == 1) return ClassifyLetter(symbols[0], word);
    if (symbols.size() > kLongest) return;
    std::vector<Symbol> folded;
    Normalize(ToUtf8(symbols), {.ignore_case = true}, folded);
    const std::string name = ToUtf8(folded);
    if (BeginsWithOneOf(kAnswerStems, name) || IsOneOf(kAnswerWords, name)) {
      word.kind = Word::Kind::kAnswer;
    } else if (BeginsWithOneOf(kChoiceStems, name) || IsOneOf(kChoiceWords, name)) {
      word.kind = Word::Kind::kChoice;
    } else if (IsOneOf(kBetweenWords, name)) {
      word.kind = Word::Kind::kBetween;
    }
  }

  static void ClassifyLetter(Symbol c, Word& word) {
    const bool small = (c >= 'a' && c <= 'z') || (c >= 0x430 && c <= 0x44F);
    const Symbol capital = small ? c - 0x20 : c;
    if (!((capital >= 'A' && capital <= 'Z') || (capital >= 0x410 && capital <= 0x42F))) return;
    word.kind = Word::Kind::kLetter;
    word.letter = AsLatin(capital);
    word.is_small = small;
  }

  // What follows the word directly, 0 at the end.
  Symbol Next(const Word& word) const { return word.end < text_.size() ? text_[word.end] : 0; }

  // No word follows on the same line without punctuation between.
  bool EndsThere(const Word& word) const {
    size_t i = word.end;
    while (i < text_.size() && (text_[i] == ' ' || text_[i] == '\t')) ++i;
    return i == text_.size() || !IsWordCharacter(text_[i]);
  }

  bool OnlySeparators(size_t begin, size_t end) const {
    const SymbolSpan between = text_.subspan(begin, end - begin);
    return std::all_of(between.begin(), between.end(), IsSeparator);
  }

  std::optional<Symbol> After(Word::Kind kind) const {
    std::optional<Symbol> found;
    bool armed =
        false;  // a word of that kind, and nothing but what may be between, before this one
    for (size_t i = 0; i < words_.size(); ++i) {
      const Word& word = words_[i];
      armed = armed && OnlySeparators(words_[i - 1].end, word.begin);
      if (armed && word.kind == Word::Kind::kLetter && (!word.is_small || EndsThere(word)))
        found = word.letter;
      const bool between = word.kind == Word::Kind::kBetween || word.kind == Word::Kind::kChoice;
      armed = word.kind == kind || (armed && between);
    }
    return found;
  }

  std::optional<Symbol> Leading() const {
    if (words_.empty() || words_[0].kind != Word::Kind::kLetter) return std::nullopt;
    const Word& word = words_[0];
    if (!OnlySeparators(0, word.begin)) return std::nullopt;
    size_t end = word.end;
    while (end < text_.size() && (text_[end] == '*' || text_[end] == '_')) ++end;  // **B**
    const Symbol next = end < text_.size() ? text_[end] : 0;
    const bool delimited = next == 0 || next == ')' || next == '.' || next == ':' || next == '\n' ||
                           next == '\r' || next == ']' || next == '}' || next == '`';
    return delimited || words_.size() == 1 ? std::optional(word.letter) : std::nullopt;
  }

  std::optional<Symbol> InBrackets() const {
    std::optional<Symbol> found;
    for (const Word& word : words_)
      if (IsCapital(word) && word.begin > 0 && text_[word.begin - 1] == '(' && Next(word) == ')')
        found = word.letter;
    return found;
  }

  std::optional<Symbol> LastWord() const {
    if (words_.empty() || !IsCapital(words_.back())) return std::nullopt;
    return words_.back().letter;
  }

  static bool IsCapital(const Word& word) {
    return word.kind == Word::Kind::kLetter && !word.is_small;
  }

  SymbolSpan text_;
  std::vector<Word> words_;
};

}  // namespace

std::optional<Symbol> ChosenLetter(std::string_view text, Scratch& scratch) {
  Normalize(text, {.unicode = UnicodeForm::kNfkc}, scratch.answer);
  return Reader(StripWhiteSpace(scratch.answer)).Committed();
}

std::optional<Score> ChoiceAccuracy(std::string_view reference, std::string_view answer,
                                    Scratch& scratch) {
  const auto expected = ChosenLetter(reference, scratch);
  if (!expected) return std::nullopt;
  return Score{ChosenLetter(answer, scratch) == expected ? 1.0 : 0.0, 1};
}

}  // namespace vlmhb::metrics
