#pragma once
// Finds the prompts of a run: texts, and the file of a prompt collection.

#include "config/experiment.h"
#include "registry/entry.h"
#include "registry/resolved.h"
#include "registry/run_problems.h"

namespace vlmhb::registry {

// What cannot be found or read is a problem, and absent in the result.
ResolvedPrompt ResolvePrompt(const config::Experiment& experiment, const config::RunConfig& run,
                             const TaskEntry& task, RunProblems& problems);

}  // namespace vlmhb::registry
