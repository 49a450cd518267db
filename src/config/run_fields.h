#pragma once
// The columns of a CSV config, and the key of the JSON and YAML form that each one sets. One table,
// so that the forms cannot drift apart.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vlmhb::config {

enum class CellType {
  kText,  // as it stands
  kBool,  // True, false, 1, 0, yes, no
  kList,  // Python literal: ['CER', 'WER'], ('CER',), 'CER', None
  kInteger,
  kNumber,
  kObject,  // JSON: {"psm": 6}
};

struct RunField {
  std::string_view column;
  std::string_view key;  // "model", or "sampling/max_tokens" for a key one level down
  CellType type = CellType::kText;
  bool required = false;
};

std::span<const RunField> RunFields();

// nullptr if there is no such column.
const RunField* FindColumn(std::string_view column);

// The column that sets `key` ("model" -> "model_name", "metrics/0" -> "metrics"); the first part of
// `key` itself where no column does.
std::string_view ColumnOf(std::string_view key);

// What to tell a user about a column or key that does not exist: advice for names that come from
// other formats and versions ("docker_image", "model_name" in YAML), else a did-you-mean, else "".
std::string AdviceForColumn(std::string_view unknown);
std::string AdviceForKey(std::string_view unknown, std::span<const std::string> known);

}  // namespace vlmhb::config
