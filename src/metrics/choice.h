#pragma once
// Multiple choice: which letter an answer commits to.

#include <optional>
#include <string_view>

#include "metrics/score.h"
#include "metrics/scratch.h"

namespace vlmhb::metrics {

// The letter that `text` commits to, as a capital letter: A to Z, or a Cyrillic one that looks like
// none of them (Б, Г, Д, …); Cyrillic letters that do (А, В, С, Е, …) are taken as Latin ones. In
// this order, the last of a kind:
//  1. after a word for an answer (\boxed, answer, ответ), of which words like "is", "option",
//     "вариант", colons, brackets and Markdown may separate it: "Answer: **B**", "Ответ: (Б)";
//  2. at the beginning, and nothing else there or followed by ")", ".", ":" or a line break: "B",
//     "(B)", "B. A cat";
//  3. after a word for a choice: "option B", "вариант В";
//  4. in brackets: "(B)";
//  5. the last word: "It is B."
// A small letter is one only in 1 to 3 and if no word follows: in "the answer is a cat", "a" is
// not. nullopt if there is none: nothing is guessed.
std::optional<Symbol> ChosenLetter(std::string_view text, Scratch& scratch);

// 1 if answer and reference commit to the same letter, else 0, also where the answer commits to
// none; the denominator is 1, so that a group's value is the accuracy. Range [0, 1], higher is
// better. nullopt if the reference has no letter.
std::optional<Score> ChoiceAccuracy(std::string_view reference, std::string_view answer,
                                    Scratch& scratch);

}  // namespace vlmhb::metrics
