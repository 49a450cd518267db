#include "config/run_builder.h"

#include <fmt/format.h>

#include "config/secret_ref.h"

namespace vlmhb::config {
namespace {

std::optional<std::string> OptionalText(const json::object& run, std::string_view key) {
  const json::value* value = run.if_contains(key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

std::optional<int64_t> OptionalInt(const json::object& run, std::string_view key) {
  const json::value* value = run.if_contains(key);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return value->get_int64();
}

json::object ObjectOrEmpty(const json::object& run, std::string_view key) {
  const json::object* object = FindObject(run, key);
  return object == nullptr ? json::object() : *object;
}

std::optional<std::vector<std::string>> OptionalTexts(const json::object& run,
                                                      std::string_view key) {
  if (FindArray(run, key) == nullptr) return std::nullopt;
  return FindStrings(run, key);
}

std::optional<std::vector<MetricChoice>> OptionalMetrics(const json::object& run) {
  const json::array* array = FindArray(run, "metrics");
  if (array == nullptr) return std::nullopt;
  std::vector<MetricChoice> metrics;
  for (const json::value& item : *array) {
    if (item.is_string())
      metrics.push_back({std::string(item.get_string()), {}});
    else if (const json::object* object = item.if_object())
      metrics.push_back({FindString(*object, "name"), ObjectOrEmpty(*object, "params")});
  }
  return metrics;
}

// Prompts are free text, in which "${…}" may well occur.
bool IsFreeText(std::string_view key) { return key == "prompt" || key == "system_prompt"; }

}  // namespace

json::object Merge(const json::object& defaults, const json::object& own) {
  json::object merged = defaults;
  for (const auto& member : own) {
    const bool by_key = member.key() == "sampling" || member.key() == "model_params";
    json::value& target = merged[member.key()];
    if (by_key && target.is_object() && member.value().is_object()) {
      for (const auto& inner : member.value().get_object())
        target.get_object()[inner.key()] = inner.value();
    } else {
      target = member.value();
    }
  }
  return merged;
}

RunConfig BuildRun(const json::object& object) {
  RunConfig run;
  run.name = FindString(object, "name");
  run.task = FindString(object, "task");
  run.dataset = FindString(object, "dataset");
  run.framework = FindString(object, "framework");
  run.model = FindString(object, "model");
  run.model_params = ObjectOrEmpty(object, "model_params");
  run.system_prompt = OptionalText(object, "system_prompt");
  run.prompt = OptionalText(object, "prompt");
  run.prompt_collection = OptionalText(object, "prompt_collection");
  run.metrics = OptionalMetrics(object);
  run.group_by = OptionalTexts(object, "group_by");
  run.answers = OptionalText(object, "answers");
  run.only_evaluate_metrics = FindBool(object, "only_evaluate_metrics", run.answers.has_value());
  run.filter_doc_class = OptionalText(object, "filter_doc_class");
  run.filter_question_type = OptionalText(object, "filter_question_type");
  run.limit = OptionalInt(object, "limit");
  run.sampling = ObjectOrEmpty(object, "sampling");
  run.concurrency = OptionalInt(object, "concurrency");
  run.timeout_ms = OptionalInt(object, "timeout_ms");
  run.attempts = OptionalInt(object, "attempts");
  run.image_transport = OptionalText(object, "image_transport");
  return run;
}

std::vector<FieldProblem> CheckRun(const json::object& run) {
  std::vector<FieldProblem> problems;
  for (const char* key : {"dataset", "task", "model"})
    if (!run.contains(key)) problems.push_back({key, fmt::format("this run has no {}", key)});
  if (run.contains("prompt") && run.contains("prompt_collection"))
    problems.push_back({"prompt", "a fixed prompt and a prompt collection exclude each other"});
  if (run.contains("answers") && !FindBool(run, "only_evaluate_metrics", true))
    problems.push_back({"answers",
                        "an answers file is scored without inference, but only_evaluate_metrics is "
                        "false; set it to true or take the file away"});
  return problems;
}

std::vector<FieldProblem> CheckReferences(const json::object& run) {
  std::vector<FieldProblem> problems;
  for (const auto& member : run) {
    const std::string key(member.key());
    if (member.value().is_string() && !IsFreeText(key) &&
        LooksLikeSecretRef(std::string_view(member.value().get_string())))
      problems.push_back({key, "a reference to a secret is allowed in model_params only"});
    if (key != "model_params" || !member.value().is_object()) continue;
    for (SecretProblem& problem : CheckSecrets(member.value().get_object()))
      problems.push_back({key + problem.pointer, std::move(problem.message)});
  }
  return problems;
}

}  // namespace vlmhb::config
