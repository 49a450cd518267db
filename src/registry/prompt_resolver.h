#pragma once
// Finds the prompts of a run and checks them: their files, their templates, and the names in those
// against the fields that the dataset's samples have.

#include <string>

#include "config/experiment.h"
#include "data/prompts.h"
#include "registry/dataset_resolver.h"
#include "registry/entry.h"
#include "registry/prompt_mapping.h"
#include "registry/run_problems.h"

namespace vlmhb::registry {

class PromptFinder {
 public:
  // All must outlive this object. `model` chooses the part of a collection; `found` is null where
  // the dataset is not known, and then names are not checked.
  PromptFinder(const config::Experiment& experiment, const config::RunConfig& run,
               const TaskEntry& task, std::string_view model, const FoundDataset* found,
               RunProblems& problems)
      : experiment_(experiment),
        run_(run),
        task_(task),
        model_(model),
        found_(found),
        problems_(problems) {}

  // What cannot be found or read, or is wrong, is a problem; the first two are absent in the
  // result.
  data::PromptSpec Find();

 private:
  Result<std::string> SystemPrompt(const std::string& text) const;
  Result<os::Path> CollectionFile(const std::string& name) const;
  void FindCollection();
  void ReadMapping(const os::Path& file);
  void RequireRole(const std::string& role);
  void Check();
  void Add(const data::PromptProblem& problem);

  const config::Experiment& experiment_;
  const config::RunConfig& run_;
  const TaskEntry& task_;
  const std::string_view model_;
  const FoundDataset* found_;
  RunProblems& problems_;
  data::PromptSpec spec_;
  std::function<config::Origin(std::string_view pointer)> locate_;  // in the mapping's file
};

}  // namespace vlmhb::registry
