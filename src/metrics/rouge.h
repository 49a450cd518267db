#pragma once
// ROUGE-L of captions and other short free texts.

#include <optional>
#include <string_view>

#include "metrics/score.h"
#include "metrics/scratch.h"

namespace vlmhb::metrics {

// What a word is. kUnicode: a run of letters, marks and numbers of any language after case folding
// and NFC, each Chinese or Japanese character being one of its own. kAscii: as the reference
// implementation, a run of a-z and 0-9 of the text in lower case; all else separates, so that
// nothing is left of Russian.
enum class WordKind { kUnicode, kAscii };

// F1 of precision and recall of the longest common subsequence of words: 2 L / (words of the answer
// + words of the reference). A reference that is a JSON list of texts is several; the best counts.
// The denominator is 1, so that a group's value is the mean. Range [0, 1], higher is better.
// nullopt if no reference has a word. Source: Lin, "ROUGE", 2004; rougeL of google-research's
// rouge-score without stemming.
std::optional<Score> RougeL(std::string_view reference, std::string_view answer, WordKind words,
                            Scratch& scratch);

}  // namespace vlmhb::metrics
