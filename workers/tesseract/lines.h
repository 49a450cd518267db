#pragma once
// Recognised text as the pieces of an answer.

#include <string>
#include <string_view>
#include <vector>

#include "options.h"

namespace vlmhb::tesseract_worker {

// `text` without trailing white space, cut behind every line break: the concatenation of the pieces
// is the answer. With kCollapse lines of nothing but white space are left out, so that paragraphs
// are separated by one line break; Tesseract's blank lines come from its layout analysis and not
// from the page.
std::vector<std::string> AnswerLines(std::string_view text, BlankLines blank_lines);

}  // namespace vlmhb::tesseract_worker
