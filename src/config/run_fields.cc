#include "config/run_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace vlmhb::config {
namespace {

// The predecessor's columns first, then this project's own. "group_by" is another name of
// "metrics_aggregators"; ColumnOf() answers with the first.
constexpr RunField kFields[] = {
    {"dataset", "dataset", CellType::kText, true},
    {"task", "task", CellType::kText, true},
    {"framework", "framework", CellType::kText},
    {"model_name", "model", CellType::kText, true},
    {"system_prompt", "system_prompt", CellType::kText},
    {"prompt_collection", "prompt_collection", CellType::kText},
    {"metrics", "metrics", CellType::kList},
    {"only_evaluate_metrics", "only_evaluate_metrics", CellType::kBool},
    {"metrics_aggregators", "group_by", CellType::kList},
    {"filter_doc_class", "filter_doc_class", CellType::kText},
    {"filter_question_type", "filter_question_type", CellType::kText},
    {"name", "name", CellType::kText},
    {"prompt", "prompt", CellType::kText},
    {"answers", "answers", CellType::kText},
    {"group_by", "group_by", CellType::kList},
    {"limit", "limit", CellType::kInteger},
    {"model_params", "model_params", CellType::kObject},
    {"max_tokens", "sampling/max_tokens", CellType::kInteger},
    {"temperature", "sampling/temperature", CellType::kNumber},
    {"top_p", "sampling/top_p", CellType::kNumber},
    {"seed", "sampling/seed", CellType::kInteger},
    {"concurrency", "concurrency", CellType::kInteger},
    {"timeout_ms", "timeout_ms", CellType::kInteger},
    {"attempts", "attempts", CellType::kInteger},
    {"image_transport", "image_transport", CellType::kText},
};

using Advice = std::pair<std::string_view, std::string_view>;

constexpr std::string_view kOfARun = "Keys of a run stand under 'runs', 'defaults' or 'matrix'.";
constexpr std::string_view kOfSampling = "Sampling parameters stand under 'sampling'.";

// Names whose nearest spelling here would mislead.
constexpr Advice kColumnAdvice[] = {
    {"model", "This column is 'model_name'."},
    {"task_name", "This column is 'task'."},
    {"docker_image", "How a model is run stands in its registry entry, not in the experiment."},
    {"folders", "Folders can be named in a JSON or YAML config."},
};
constexpr Advice kKeyAdvice[] = {
    {"model_name", "In JSON and YAML this key is 'model'."},
    {"task_name", "This key is 'task'."},
    {"metrics_aggregators", "In JSON and YAML this key is 'group_by'."},
    {"docker_image", "How a model is run stands in its registry entry, not in the experiment."},
    {"params", "Parameters of the model stand under 'model_params'."},
    {"<<", "YAML 1.2 has no merge keys; put what runs share under 'defaults'."},
    {"max_tokens", kOfSampling},
    {"temperature", kOfSampling},
    {"top_p", kOfSampling},
    {"task", kOfARun},
    {"dataset", kOfARun},
    {"model", kOfARun},
    {"metrics", kOfARun},
};

std::string Find(std::span<const Advice> table, std::string_view unknown) {
  for (const auto& [name, advice] : table)
    if (unknown == name) return fmt::format(" {}", advice);
  return "";
}

}  // namespace

std::span<const RunField> RunFields() { return kFields; }

const RunField* FindColumn(std::string_view column) {
  const auto* found = std::find_if(std::begin(kFields), std::end(kFields),
                                   [&](const RunField& f) { return f.column == column; });
  return found == std::end(kFields) ? nullptr : found;
}

std::string_view ColumnOf(std::string_view key) {
  for (const RunField& field : kFields)
    if (key == field.key || (key.starts_with(field.key) && key[field.key.size()] == '/'))
      return field.column;
  return key.substr(0, key.find('/'));
}

std::string AdviceForColumn(std::string_view unknown) {
  std::string advice = Find(kColumnAdvice, unknown);
  if (!advice.empty()) return advice;
  std::vector<std::string> columns;
  for (const RunField& field : kFields) columns.emplace_back(field.column);
  return DidYouMean(unknown, columns);
}

std::string AdviceForKey(std::string_view unknown, std::span<const std::string> known) {
  std::string advice = Find(kKeyAdvice, unknown);
  return advice.empty() ? DidYouMean(unknown, known) : advice;
}

}  // namespace vlmhb::config
