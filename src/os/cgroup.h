#pragma once
// Control groups, version 1 and 2 (also both at once, "hybrid"): limits for a tree of processes,
// and a way to kill all of it whatever its members did to leave their process group or session.
//
// Everything is done by plain files; no service manager is asked. A process that may not make
// cgroups (an ordinary user without delegation) gets a CgroupHost that says so, which is no error.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "os/file.h"

namespace vlmhb::os {

// Where this process is in one hierarchy.
struct CgroupPlace {
  Path top;  // the mount point
  Path own;  // the folder of this process's cgroup, `top` or below it
};

// The hierarchies that matter here, as /proc describes them.
struct CgroupLayout {
  std::optional<CgroupPlace> memory_v1;
  std::optional<CgroupPlace> pids_v1;
  std::optional<CgroupPlace> cpu_v1;
  std::optional<CgroupPlace> unified;
};

// From the text of /proc/self/mountinfo and /proc/self/cgroup. Pure.
CgroupLayout ParseCgroupLayout(std::string_view mountinfo, std::string_view self_cgroup);

// The folder in which cgroups with `controller` ("memory", "pids", "cpu") can be made: that of this
// process for version 1; for version 2 the nearest one upwards that hands the controller to its
// children. Empty if there is none.
Path CgroupParent(const CgroupLayout& layout, std::string_view controller);

// What this process may do with cgroups. The folders are parents of those that will be made.
struct CgroupHost {
  Path memory;                        // empty: memory cannot be limited
  Path processes;                     // empty: the number of processes cannot be limited
  Path cpu;                           // empty: time of the cores cannot be limited
  Path unified;                       // empty: no cgroup.kill; members are killed one by one
  std::vector<std::string> problems;  // why something is empty
};

// Reads /proc and tries each kind once with a cgroup that is removed at once.
CgroupHost DetectCgroups();

struct CgroupLimits {
  int64_t memory_bytes = 0;  // memory and swap together; 0: none
  int64_t processes = 0;     // processes and threads; 0: none
  int64_t cpus = 0;          // cores' worth of time; 0: none
};

// The control files that set a limit, with their values, in the order in which they must be
// written. A file whose name starts with '?' may be absent (a kernel without swap accounting).
// Pure.
using ControlFiles = std::vector<std::pair<std::string, std::string>>;
ControlFiles MemoryLimitFiles(bool version2, int64_t bytes);
ControlFiles CpuLimitFiles(bool version2, int64_t cpus);

// One cgroup: a folder in each hierarchy that is needed. Move-only; removing it is up to the owner,
// by Remove(), since that can fail and waits.
class Cgroup {
 public:
  // `name` is one path component; OwnedName() makes one that can be found again. A limit that
  // `host` cannot set is left out. kIo, kPermission.
  static Result<Cgroup> Create(const CgroupHost& host, const std::string& name,
                               const CgroupLimits& limits);
  // The cgroup of that name which another process made, to kill and remove it.
  static Cgroup Adopt(const CgroupHost& host, const std::string& name);
  Cgroup() = default;

  // For SpawnOptions::cgroup_procs.
  std::vector<Path> ProcsFiles() const;

  // Sends SIGKILL to every member. Does not wait.
  void Kill() const;

  // How many members the kernel killed because the memory limit was reached.
  int64_t OutOfMemoryKills() const;
  // The most memory that the members ever used together; nullopt where the kernel does not tell.
  std::optional<int64_t> PeakMemoryBytes() const;

  bool HasMembers() const;

  // Kills the members, waits for them to go and removes the folders. Idempotent. kTimeout if some
  // member is still there after `timeout` (it hangs in the kernel); may be called again then.
  Result<void> Remove(std::chrono::milliseconds timeout);

 private:
  Result<void> Fill(const CgroupHost& host, const std::string& name, const CgroupLimits& limits);
  Result<void> Make(const Path& parent, const std::string& name);

  Path memory_;
  std::vector<Path> folders_;  // all of them, each once
};

// The cgroups here that OwnedName() named, in this process or another, ended or not. Sorted.
std::vector<std::string> OwnedCgroups(const CgroupHost& host);

}  // namespace vlmhb::os
