#pragma once
// What asking a plug-in and importing a dataset have in common: one stage in an environment of its
// own, before the plan, without a network, with one output folder.

#include <atomic>
#include <functional>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "env/env_manager.h"
#include "orchestrator/plugin_mount.h"

namespace vlmhb::orchestrator {

// Where such stages are run from.
struct LoneStageOptions {
  os::Path cache;    // what they make is kept in it
  os::Path program;  // the vlmhb file
  std::string workspace;
  const std::atomic<bool>* stop = nullptr;
};

struct LoneStageSpec {
  std::string stage;
  std::string image;  // "": an empty one
  int64_t memory_bytes = 0;
  std::chrono::milliseconds timeout{};
  ErrorCode failure = ErrorCode::kUnavailable;  // what its own failure is
};

// Mounts what the stage needs and returns its parameters.
using DescribeLoneStage = std::function<Result<json::object>(const MountReadOnly& mount)>;

// Runs it; `folder` gets its spec, its log and output/, where it writes. If it fails, the error is
// what it left in error.txt. kCancelled: stopped.
Result<void> RunLoneStage(env::EnvManager& environments, const LoneStageOptions& options,
                          const LoneStageSpec& spec, const os::Path& folder,
                          const DescribeLoneStage& describe);

}  // namespace vlmhb::orchestrator
