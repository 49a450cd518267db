#include "registry/prompt_resolver.h"

#include <fmt/format.h>

#include <utility>

#include "base/csv.h"
#include "base/text.h"
#include "os/file.h"

namespace vlmhb::registry {
namespace {

using config::Problem;
using data::PromptSource;
using os::Path;

constexpr size_t kMaxPromptBytes = 1u << 20;

// The whole file, without a byte-order mark and the last line break.
Result<std::string> ReadPromptFile(const Path& file) {
  VLMHB_ASSIGN(std::string text, os::ReadFile(file, kMaxPromptBytes));
  if (text.starts_with(kUtf8Bom)) text.erase(0, kUtf8Bom.size());
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (!IsValidUtf8(text))
    return Error(ErrorCode::kCorrupt, fmt::format("{} is not UTF-8", file.string()));
  return text;
}

// As in the predecessor's configs, a name that ends in .txt is a file; anything else is the prompt.
bool IsPromptFile(const std::string& text) {
  return text.ends_with(".txt") && text.find('\n') == std::string::npos;
}

data::SampleFields FieldsOf(const FoundDataset& found) {
  data::RoleColumns roles;
  const auto set = [&](const char* role, std::string& column) {
    if (const auto known = found.dataset.columns.find(role); known != found.dataset.columns.end())
      column = known->second;
  };
  set("question", roles.question);
  set("answer", roles.answer);
  set("doc_class", roles.doc_class);
  set("question_type", roles.question_type);
  return {found.header, roles};
}

}  // namespace

data::PromptSpec PromptFinder::Find() {
  if (run_.system_prompt.has_value()) {
    Result<std::string> system = SystemPrompt(*run_.system_prompt);
    if (system.ok())
      spec_.system = *std::move(system);
    else
      problems_.Add("system_prompt", system.error());
  }
  spec_.fixed = run_.prompt;
  if (!task_.prompt.empty()) spec_.fallback = task_.prompt;
  if (run_.prompt_collection.has_value()) FindCollection();
  Check();
  return std::move(spec_);
}

Result<std::string> PromptFinder::SystemPrompt(const std::string& text) const {
  if (!IsPromptFile(text)) return text;
  VLMHB_ASSIGN(const Path file, os::JoinInside(experiment_.folders.system_prompts, text));
  return ReadPromptFile(file);
}

Result<Path> PromptFinder::CollectionFile(const std::string& name) const {
  const Path folder = FolderInAnyCase(experiment_.folders.prompt_collections, task_.name);
  return os::JoinInside(folder, name);
}

void PromptFinder::FindCollection() {
  const Result<Path> file = CollectionFile(*run_.prompt_collection);
  if (!file.ok()) return problems_.Add("prompt_collection", file.error());
  if (IsPromptMapping(file->string())) return ReadMapping(*file);
  spec_.collection = *file;
  RequireRole("doc_class");
  RequireRole("question_type");
}

void PromptFinder::ReadMapping(const Path& file) {
  const Result<std::string> text = os::ReadFile(file, kMaxPromptMappingBytes);
  if (!text.ok()) return problems_.Add("prompt_collection", text.error());
  std::vector<Problem> problems;
  std::optional<PromptMapping> mapping = ReadPromptMapping(*text, file.string(), model_, problems);
  for (Problem& problem : problems) problems_.Add(std::move(problem));
  if (!mapping.has_value()) return;
  if (mapping->texts.contains("type_mapping")) RequireRole("doc_class");
  spec_.mapping = std::move(mapping->texts);
  locate_ = std::move(mapping->locate);
}

// A part of the samples by which a collection chooses.
void PromptFinder::RequireRole(const std::string& role) {
  if (found_ == nullptr || !found_->header_known || found_->HasRole(role)) return;
  const auto column = task_.columns.find(role);
  const std::string& name = column == task_.columns.end() ? role : column->second;
  problems_.Add("prompt_collection",
                fmt::format("{} has no column '{}', which a prompt collection needs.{}",
                            found_->dataset.annotation, name, DidYouMean(name, found_->header)));
}

void PromptFinder::Check() {
  std::optional<data::SampleFields> fields;
  if (found_ != nullptr && found_->header_known) fields = FieldsOf(*found_);
  std::vector<data::PromptProblem> problems;
  const auto checked =
      data::PromptResolver::Create(spec_, fields.has_value() ? &*fields : nullptr, problems);
  if (!checked.ok()) {
    problems_.Add("prompt_collection", checked.error());
    spec_.collection.reset();
  }
  for (const data::PromptProblem& problem : problems) Add(problem);
}

// With the place where the text can be mended.
void PromptFinder::Add(const data::PromptProblem& problem) {
  const std::string& place = problem.origin.place;
  switch (problem.origin.source) {
    case PromptSource::kFixed:
    case PromptSource::kMapping:
    case PromptSource::kDefault:
      return problems_.Add(Problem{locate_(place), problem.message});
    case PromptSource::kRow:
      return problems_.Add(
          "prompt_collection",
          fmt::format("{}, {}: {}", spec_.collection->string(), place, problem.message));
    case PromptSource::kTask:
      return problems_.Add("task", fmt::format("the prompt of the task '{}' ({}): {}", task_.name,
                                               task_.file, problem.message));
    default:
      break;
  }
  const bool in_file = place == "system_prompt" && IsPromptFile(*run_.system_prompt);
  problems_.Add(place, in_file ? fmt::format("{}: {}", *run_.system_prompt, problem.message)
                               : problem.message);
}

}  // namespace vlmhb::registry
