#include "registry/prompt_resolver.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/csv.h"
#include "base/text.h"
#include "os/file.h"
#include "registry/dataset_resolver.h"

namespace vlmhb::registry {
namespace {

using config::Experiment;
using config::RunConfig;
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
Result<std::string> SystemPrompt(const Experiment& experiment, const std::string& text) {
  if (!text.ends_with(".txt") || text.find('\n') != std::string::npos) return text;
  VLMHB_ASSIGN(const Path file, os::JoinInside(experiment.folders.system_prompts, text));
  return ReadPromptFile(file);
}

Result<std::string> Collection(const Experiment& experiment, const std::string& task,
                               const std::string& name) {
  const Path folder = FolderInAnyCase(experiment.folders.prompt_collections, task);
  VLMHB_ASSIGN(const Path file, os::JoinInside(folder, name));
  VLMHB_ASSIGN(const std::vector<std::string> header, ReadCsvHeader(file));
  for (const char* column : {"prompt", "doc_class_question_type"})
    if (std::find(header.begin(), header.end(), column) == header.end())
      return Error(
          ErrorCode::kInvalidConfig,
          fmt::format("{} is no prompt collection: it has no column '{}'", file.string(), column));
  return file.string();
}

}  // namespace

ResolvedPrompt ResolvePrompt(const Experiment& experiment, const RunConfig& run,
                             const TaskEntry& task, RunProblems& problems) {
  ResolvedPrompt prompt;
  if (run.system_prompt.has_value()) {
    Result<std::string> system = SystemPrompt(experiment, *run.system_prompt);
    if (system.ok())
      prompt.system = *std::move(system);
    else
      problems.Add("system_prompt", system.error());
  }
  if (run.prompt_collection.has_value()) {
    Result<std::string> file = Collection(experiment, task.name, *run.prompt_collection);
    if (file.ok())
      prompt.collection = *std::move(file);
    else
      problems.Add("prompt_collection", file.error());
  }
  prompt.fixed = run.prompt;
  if (!task.prompt.empty()) prompt.fallback = task.prompt;
  return prompt;
}

}  // namespace vlmhb::registry
