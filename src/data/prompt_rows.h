#pragma once
// The predecessor's form of a prompt collection: CSV with the columns prompt and
// doc_class_question_type (docs/formats/prompts.md). Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vlmhb::data {

// A file may be so long, in bytes.
inline constexpr size_t kMaxPromptRowsBytes = 16u << 20;

struct PromptRow {
  std::string key;  // class of the document, one space, type of the question
  std::string prompt;
  uint64_t line = 0;  // 1-based
};

// Rows with an empty prompt are left out. `file` is named in errors: kInvalidConfig if it is no
// such file.
Result<std::vector<PromptRow>> ReadPromptRows(std::string text, const std::string& file);

}  // namespace vlmhb::data
