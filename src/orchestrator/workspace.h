#pragma once
// Where everything of an experiment lies (ARCHITECTURE.md, "A workspace"). Files are the truth: a
// stage is complete when its folder holds a result.json of the wanted identity, and at no other
// time.

#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "os/file.h"
#include "plan/plan.h"
#include "store/result.h"

namespace vlmhb::orchestrator {

using os::Path;

class Workspace {
 public:
  // Only names paths; touches nothing.
  explicit Workspace(Path root) : root_(std::move(root)) {}

  const Path& root() const { return root_; }
  Path Experiments() const { return root_ / "experiments"; }
  Path Experiment(const std::string& name) const { return Experiments() / name; }
  Path DataCache() const { return root_ / "cache" / "data"; }
  Path EnvironmentCache() const { return root_ / "cache" / "env"; }

  // Makes the workspace usable by this process alone, until the lock is destroyed. kUnavailable,
  // with the other's pid, if another `vlmhb run` uses it; kPermission or kNoSpace if it cannot be
  // written.
  Result<os::FileLock> Lock() const;
  // Whether some process holds the lock now.
  bool IsLocked() const;

 private:
  Path root_;
};

// The files of one stage of one experiment.
struct StagePaths {
  Path folder;  // outputs
  Path spec;    // stage.json as last started
  Path log;     // standard output and error of the stage
  Path handle;  // orchestrator/handle.h
};
// `experiment` is Workspace::Experiment(name); `run` is empty for the report.
StagePaths PathsOf(const Path& experiment, const std::string& run, plan::StageKind kind);

// result.json of `folder` if it is of this identity and its files are there, else nullopt.
std::optional<store::StageResult> CompleteResult(const Path& folder, const std::string& identity);

// Makes `paths.folder` fit to be written by a stage of `identity`. An unfinished inference of the
// same identity stays (its journal continues); one of another identity is moved to superseded/
// beside it, since its answers may have cost hours; other stages start from an empty folder.
Result<void> PrepareFolder(const StagePaths& paths, plan::StageKind kind,
                           const std::string& identity, const std::string& timestamp);

}  // namespace vlmhb::orchestrator
