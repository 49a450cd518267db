#pragma once
// result.json (docs/formats/stage.md): written last by a stage; its presence with the planned
// identity means that the stage is complete and may be reused.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/file.h"

namespace vlmhb::store {

inline constexpr std::string_view kResultFile = "result.json";

struct StageResult {
  std::string identity;
  uint64_t total = 0;
  uint64_t ok = 0;
  uint64_t failed = 0;
  std::map<std::string, std::string> files;  // name in the folder -> SHA-256
  std::string vlmhb_version;
  std::string started_at;
  std::string finished_at;

  std::string_view status() const { return failed == 0 ? "ok" : "some_failed"; }
};

// Fills in the digests of `files` (names in `folder`) and the version, then publishes the result
// atomically.
Result<void> WriteResult(const os::Path& folder, StageResult result,
                         const std::vector<std::string>& files);

// nullopt if there is none; kCorrupt if it is damaged.
Result<std::optional<StageResult>> ReadResult(const os::Path& folder);

}  // namespace vlmhb::store
