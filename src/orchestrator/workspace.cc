#include "orchestrator/workspace.h"

#include <fmt/format.h>

#include <chrono>
#include <system_error>
#include <thread>

#include "base/text.h"
#include "store/events.h"

namespace vlmhb::orchestrator {
namespace {

namespace fs = std::filesystem;

Path LockPath(const Path& root) { return root / "lock"; }

// The identity that a stage.json was written for, "" if there is none.
std::string IdentityIn(const Path& spec) {
  const Result<std::string> text = os::ReadFile(spec);
  if (!text.ok()) return "";
  const Result<json::value> value = ParseJson(*text);
  return value.ok() && value->is_object() ? FindString(value->get_object(), "identity") : "";
}

}  // namespace

Result<os::FileLock> Workspace::Lock() const {
  for (const Path& folder : {Experiments(), DataCache()}) VLMHB_TRY(os::MakeFolders(folder));
  // `vlmhb status` holds the lock for an instant while it asks, so one refusal is not final.
  Result<os::FileLock> lock = os::FileLock::TryLock(LockPath(root_));
  for (int i = 0; i < 10 && !lock.ok() && lock.error().code() == ErrorCode::kUnavailable; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    lock = os::FileLock::TryLock(LockPath(root_));
  }
  if (lock.ok() || lock.error().code() != ErrorCode::kUnavailable) return lock;
  return Error(
      ErrorCode::kUnavailable,
      fmt::format("workspace {} is in use by another vlmhb run ({}); wait for it, stop it, or "
                  "give this one its own --workspace",
                  root_.string(), lock.error().message()));
}

bool Workspace::IsLocked() const { return os::FileLock::IsHeld(LockPath(root_)); }

StagePaths PathsOf(const Path& experiment, const std::string& run, plan::StageKind kind) {
  const Path parent = kind == plan::StageKind::kReport ? experiment : experiment / "runs" / run;
  const std::string name = kind == plan::StageKind::kInfer      ? "inference"
                           : kind == plan::StageKind::kEvaluate ? "evaluation"
                                                                : "report";
  return {parent / name, parent / (name + ".stage.json"), parent / (name + ".log"),
          parent / (name + ".handle.json")};
}

std::optional<store::StageResult> CompleteResult(const Path& folder, const std::string& identity) {
  Result<std::optional<store::StageResult>> result = store::ReadResult(folder);
  if (!result.ok() || !result->has_value() || (*result)->identity != identity) return std::nullopt;
  std::error_code ignored;
  for (const auto& [name, digest] : (*result)->files)
    if (!fs::exists(folder / name, ignored)) return std::nullopt;
  return std::move(*result);
}

Result<void> PrepareFolder(const StagePaths& paths, plan::StageKind kind,
                           const std::string& identity, const std::string& timestamp) {
  std::error_code error;
  const bool present = fs::exists(paths.folder, error);
  if (present && kind == plan::StageKind::kInfer) {
    if (IdentityIn(paths.spec) != identity) {
      const Path old = paths.folder.parent_path() / "superseded";
      VLMHB_TRY(os::MakeFolders(old));
      fs::rename(paths.folder, old / (paths.folder.filename().string() + "-" + Slug(timestamp)),
                 error);
    }
  } else if (present) {
    fs::remove_all(paths.folder, error);
  }
  if (error)
    return ErrnoError(error.value(), fmt::format("cannot make room for {}", paths.folder.string()));
  fs::remove(paths.folder / store::kEventsFile, error);  // of an earlier attempt
  return os::MakeFolders(paths.folder);
}

}  // namespace vlmhb::orchestrator
