#pragma once
// confinement.json: what a stage sees of its own confinement before it begins, for the manifest.
// The environment says what it asked for; this is what the kernel says.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "os/file.h"

namespace vlmhb::store {

struct Confinement {
  int64_t uid = -1;
  bool no_new_privileges = false;
  bool syscalls_filtered = false;
  uint64_t capabilities = ~uint64_t{0};  // those that it could ever have (the bounding set), a mask
  int64_t landlock = 0;                  // version of the kernel's interface; 0: not confined by it
};

// From the text of /proc/self/status; what it does not say stays at the worst. Pure.
Confinement ParseProcStatus(std::string_view text);

json::object ConfinementToJson(const Confinement& confinement);

Result<void> WriteConfinement(const os::Path& folder, const Confinement& confinement);
// What a stage has written, so no more than a claim of its own. nullopt if there is none, or none
// that can be read.
std::optional<Confinement> ReadConfinement(const os::Path& folder);

}  // namespace vlmhb::store
