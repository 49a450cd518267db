#pragma once
// Facts about processes and about this machine, from /proc. Thread-safe; every answer may be out of
// date when it arrives.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace vlmhb::os {

struct ProcessFacts {
  pid_t parent = 0;
  char state = '?';          // as in /proc/PID/stat: R, S, D, Z, ...
  uint64_t start_ticks = 0;  // since boot; with the pid it identifies a process
  bool ended() const { return state == 'Z' || state == 'X'; }
};

// nullopt if there is no such process.
std::optional<ProcessFacts> ReadProcessFacts(pid_t pid);
// From the text of /proc/PID/stat; the name in it is chosen by the process and may hold anything.
// Pure.
std::optional<ProcessFacts> ParseProcessStat(std::string_view text);

// The child of `parent` that has lived longest.
std::optional<pid_t> OldestChild(pid_t parent);

// A name for something that this process leaves in a place shared with others: it tells which
// process (of which boot and pid namespace) made it, so that another one can remove it later.
std::string OwnedName(std::string_view id);
// What OwnedName made in some process of this boot and pid namespace; nullopt for any other name.
struct OwnedNameParts {
  std::string id;
  bool owner_alive = false;
};
std::optional<OwnedNameParts> ParseOwnedName(std::string_view name);
// Such a name whose owner has ended.
bool IsOrphanName(std::string_view name);
// Removes everything in `folder` that has such a name, as far as that is possible.
void RemoveOrphans(const std::filesystem::path& folder);

}  // namespace vlmhb::os
