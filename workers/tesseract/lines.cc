#include "lines.h"

#include "base/text.h"

namespace vlmhb::tesseract_worker {

std::vector<std::string> AnswerLines(std::string_view text, BlankLines blank_lines) {
  const size_t last = text.find_last_not_of(" \t\n\v\f\r");
  if (last == std::string_view::npos) return {};
  std::vector<std::string> lines;
  for (const std::string_view line : Split(text.substr(0, last + 1), '\n')) {
    if (blank_lines == BlankLines::kCollapse && Trim(line).empty()) continue;
    if (!lines.empty()) lines.back() += '\n';
    lines.emplace_back(line);
  }
  return lines;
}

}  // namespace vlmhb::tesseract_worker
