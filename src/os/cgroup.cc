#include "os/cgroup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/text.h"
#include "os/system.h"

namespace vlmhb::os {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr int kKillRounds = 100;
constexpr int64_t kCpuPeriodMicros = 100'000;  // the kernel's default

bool HasItem(std::string_view list, char separator, std::string_view item) {
  const auto items = Split(list, separator);
  return std::find(items.begin(), items.end(), item) != items.end();
}

// The path of this process in the hierarchy of `controller` ("" for version 2).
std::optional<std::string> OwnPath(std::string_view self_cgroup, std::string_view controller) {
  for (const std::string_view line : Split(self_cgroup, '\n')) {
    const size_t first = line.find(':');
    const size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? controllers.empty() : HasItem(controllers, ',', controller))
      return std::string(line.substr(second + 1));
  }
  return std::nullopt;
}

// In a container without a cgroup namespace of its own, only the part below `root` is mounted.
Path OwnFolder(const Path& top, std::string_view root, std::string_view own) {
  if (root != "/" && own.starts_with(root)) own.remove_prefix(root.size());
  while (own.starts_with('/')) own.remove_prefix(1);
  return own.empty() ? top : top / own;
}

Result<void> WriteControl(const Path& file, std::string_view value) {
  VLMHB_ASSIGN(const Fd fd, OpenFile(file, O_WRONLY));
  return WriteAll(fd.get(), value, file.string());
}

// The number after `key` in a file of "key number" lines, or the number that is the whole file
// (`key` empty).
std::optional<int64_t> ReadNumber(const Path& file, std::string_view key) {
  const auto text = ReadFile(file, 1u << 16);
  if (!text.ok()) return std::nullopt;
  for (std::string_view line : Split(*text, '\n')) {
    if (!key.empty() && !(line.starts_with(key) && line.substr(key.size()).starts_with(' ')))
      continue;
    line = Trim(line.substr(key.size()));
    int64_t number = 0;
    if (std::from_chars(line.data(), line.data() + line.size(), number).ec == std::errc())
      return number;
  }
  return std::nullopt;
}

bool IsVersion2(const Path& folder) {
  std::error_code ignored;
  return std::filesystem::exists(folder / "cgroup.controllers", ignored);
}

Result<void> WriteControls(const Path& folder, const ControlFiles& files) {
  for (const auto& [name, value] : files) {
    const bool optional = name.starts_with('?');
    auto written = WriteControl(folder / name.substr(optional ? 1 : 0), value);
    if (!written.ok() && !optional) return written;
  }
  return {};
}

bool Contains(const std::vector<Path>& folders, const Path& folder) {
  return std::find(folders.begin(), folders.end(), folder) != folders.end();
}

// Each once; in version 2 they are all the same.
std::vector<Path> Parents(const CgroupHost& host) {
  std::vector<Path> parents;
  for (const Path& parent : {host.unified, host.memory, host.processes, host.cpu})
    if (!parent.empty() && !Contains(parents, parent)) parents.push_back(parent);
  return parents;
}

std::vector<pid_t> Members(const Path& folder) {
  std::vector<pid_t> members;
  const auto text = ReadFile(folder / "cgroup.procs");
  if (!text.ok()) return members;
  for (const std::string_view line : Split(*text, '\n')) {
    pid_t pid = 0;
    std::from_chars(line.data(), line.data() + line.size(), pid);
    if (pid > 0) members.push_back(pid);  // 0: a member of another pid namespace
  }
  return members;
}

// Tries whether a cgroup with `limits` can be made below `parent`; keeps it as `chosen` if so.
void Try(const Path& parent, const CgroupLimits& limits, std::string_view what,
         Path CgroupHost::*slot, CgroupHost& chosen) {
  if (parent.empty()) {
    chosen.problems.push_back(
        fmt::format("{}: no cgroup hierarchy is handed to this process", what));
    return;
  }
  CgroupHost only;
  only.*slot = parent;
  auto trial = Cgroup::Create(only, OwnedName(fmt::format("trial-{}", what.substr(0, 4))), limits);
  if (!trial.ok()) {
    chosen.problems.push_back(fmt::format("{}: {}", what, trial.error().message()));
    return;
  }
  chosen.*slot = parent;
  // An empty cgroup goes away at once; if not, the next start removes it as an orphan.
  (void)trial->Remove(milliseconds(100));
}

}  // namespace

CgroupLayout ParseCgroupLayout(std::string_view mountinfo, std::string_view self_cgroup) {
  CgroupLayout layout;
  const auto place = [&](std::string_view controller, const Path& top,
                         std::string_view root) -> std::optional<CgroupPlace> {
    const auto own = OwnPath(self_cgroup, controller);
    if (!own.has_value()) return std::nullopt;
    return CgroupPlace{top, OwnFolder(top, root, *own)};
  };
  for (const std::string_view line : Split(mountinfo, '\n')) {
    // 36 35 98:0 /root /mount/point rw,noatime master:1 - type source options
    const auto fields = Split(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 5 || fields.end() - dash < 4) continue;
    const Path top(fields[4]);
    if (dash[1] == "cgroup2" && !layout.unified) layout.unified = place("", top, fields[3]);
    if (dash[1] != "cgroup") continue;
    if (HasItem(dash[3], ',', "memory")) layout.memory_v1 = place("memory", top, fields[3]);
    if (HasItem(dash[3], ',', "pids")) layout.pids_v1 = place("pids", top, fields[3]);
    if (HasItem(dash[3], ',', "cpu")) layout.cpu_v1 = place("cpu", top, fields[3]);
  }
  return layout;
}

Path CgroupParent(const CgroupLayout& layout, std::string_view controller) {
  const auto& v1 = controller == "memory" ? layout.memory_v1
                   : controller == "pids" ? layout.pids_v1
                                          : layout.cpu_v1;
  if (v1.has_value()) return v1->own;
  if (!layout.unified.has_value()) return {};
  // A version 2 cgroup that hands controllers down has no processes of its own (but for the root),
  // so ours is usually a sibling of this process's.
  for (Path folder = layout.unified->own;; folder = folder.parent_path()) {
    const auto handed = ReadFile(folder / "cgroup.subtree_control", 1u << 16);
    if (handed.ok() && HasItem(Trim(*handed), ' ', controller)) return folder;
    if (folder == layout.unified->top || !folder.has_relative_path()) return {};
  }
}

CgroupHost DetectCgroups() {
  CgroupHost host;
  const auto mountinfo = ReadFile("/proc/self/mountinfo");
  const auto self = ReadFile("/proc/self/cgroup");
  if (!mountinfo.ok() || !self.ok()) {
    host.problems.push_back("cgroups: /proc is not readable");
    return host;
  }
  const CgroupLayout layout = ParseCgroupLayout(*mountinfo, *self);
  Try(CgroupParent(layout, "memory"), {.memory_bytes = 64 << 20}, "memory limit",
      &CgroupHost::memory, host);
  Try(CgroupParent(layout, "pids"), {.processes = 64}, "process limit", &CgroupHost::processes,
      host);
  Try(CgroupParent(layout, "cpu"), {.cpus = 1}, "cpu limit", &CgroupHost::cpu, host);
  // In version 2 the folder that takes limits also takes the kill.
  const bool limits_are_v2 = !host.memory.empty() && IsVersion2(host.memory);
  if (limits_are_v2)
    host.unified = host.memory;
  else
    Try(layout.unified ? layout.unified->own : Path(), {}, "cgroup.kill", &CgroupHost::unified,
        host);
  return host;
}

ControlFiles MemoryLimitFiles(bool version2, int64_t bytes) {
  const std::string value = std::to_string(bytes);
  if (version2) return {{"memory.max", value}, {"?memory.swap.max", "0"}};
  // The sum with swap may never be below the limit of memory alone, hence the order.
  return {{"memory.limit_in_bytes", value}, {"?memory.memsw.limit_in_bytes", value}};
}

ControlFiles CpuLimitFiles(bool version2, int64_t cpus) {
  const std::string quota = std::to_string(cpus * kCpuPeriodMicros);
  const std::string period = std::to_string(kCpuPeriodMicros);
  if (version2) return {{"cpu.max", quota + " " + period}};
  return {{"cpu.cfs_period_us", period}, {"cpu.cfs_quota_us", quota}};
}

Result<Cgroup> Cgroup::Create(const CgroupHost& host, const std::string& name,
                              const CgroupLimits& limits) {
  Cgroup cgroup;
  auto filled = cgroup.Fill(host, name, limits);
  if (filled.ok()) return cgroup;
  for (const Path& folder : cgroup.folders_) ::rmdir(folder.c_str());
  return std::move(filled).error();
}

Cgroup Cgroup::Adopt(const CgroupHost& host, const std::string& name) {
  Cgroup cgroup;
  for (const Path& parent : Parents(host)) {
    std::error_code ignored;
    const Path folder = parent / name;
    if (std::filesystem::is_directory(folder, ignored)) cgroup.folders_.push_back(folder);
  }
  return cgroup;
}

Result<void> Cgroup::Fill(const CgroupHost& host, const std::string& name,
                          const CgroupLimits& limits) {
  if (!host.unified.empty()) VLMHB_TRY(Make(host.unified, name));
  if (!host.memory.empty()) {
    VLMHB_TRY(Make(host.memory, name));
    memory_ = host.memory / name;
    if (limits.memory_bytes > 0)
      VLMHB_TRY(WriteControls(memory_, MemoryLimitFiles(IsVersion2(memory_), limits.memory_bytes)));
  }
  if (!host.processes.empty()) {
    VLMHB_TRY(Make(host.processes, name));
    if (limits.processes > 0)
      VLMHB_TRY(WriteControl(host.processes / name / "pids.max", std::to_string(limits.processes)));
  }
  if (!host.cpu.empty()) {
    VLMHB_TRY(Make(host.cpu, name));
    const Path folder = host.cpu / name;
    if (limits.cpus > 0)
      VLMHB_TRY(WriteControls(folder, CpuLimitFiles(IsVersion2(folder), limits.cpus)));
  }
  return {};
}

Result<void> Cgroup::Make(const Path& parent, const std::string& name) {
  const Path folder = parent / name;
  if (Contains(folders_, folder)) return {};
  if (::mkdir(folder.c_str(), 0755) != 0)
    return ErrnoError(errno, fmt::format("cannot create cgroup {}", folder.string()));
  folders_.push_back(folder);
  // Moving a process needs the right to do so here and, in version 2, in the parent as well.
  const bool movable =
      ::access((folder / "cgroup.procs").c_str(), W_OK) == 0 &&
      (!IsVersion2(folder) || ::access((parent / "cgroup.procs").c_str(), W_OK) == 0);
  if (!movable)
    return ErrnoError(EACCES, fmt::format("cannot move processes into {}", folder.string()));
  return {};
}

std::vector<Path> Cgroup::ProcsFiles() const {
  std::vector<Path> files;
  for (const Path& folder : folders_) files.push_back(folder / "cgroup.procs");
  return files;
}

void Cgroup::Kill() const {
  for (const Path& folder : folders_)
    if (WriteControl(folder / "cgroup.kill", "1").ok()) return;
  // An old kernel: kill what is seen until nothing is. A fork between the look and the kill is
  // found in the next round.
  for (const Path& folder : folders_) {
    for (int round = 0; round < kKillRounds; ++round) {
      const std::vector<pid_t> members = Members(folder);
      if (members.empty()) break;
      for (const pid_t pid : members) ::kill(pid, SIGKILL);
    }
  }
}

int64_t Cgroup::OutOfMemoryKills() const {
  if (memory_.empty()) return 0;
  const char* file = IsVersion2(memory_) ? "memory.events" : "memory.oom_control";
  return ReadNumber(memory_ / file, "oom_kill").value_or(0);
}

std::optional<int64_t> Cgroup::PeakMemoryBytes() const {
  if (memory_.empty()) return std::nullopt;
  return ReadNumber(memory_ / (IsVersion2(memory_) ? "memory.peak" : "memory.max_usage_in_bytes"),
                    "");
}

bool Cgroup::HasMembers() const {
  return std::any_of(folders_.begin(), folders_.end(),
                     [](const Path& folder) { return !Members(folder).empty(); });
}

Result<void> Cgroup::Remove(milliseconds timeout) {
  const auto deadline = SteadyClock::now() + timeout;
  while (!folders_.empty()) {
    const Path& folder = folders_.back();
    if (::rmdir(folder.c_str()) == 0 || errno == ENOENT) {
      folders_.pop_back();
      continue;
    }
    if (errno != EBUSY && errno != EINTR)
      return ErrnoError(errno, fmt::format("cannot remove cgroup {}", folder.string()));
    if (SteadyClock::now() >= deadline)
      return Error(
          ErrorCode::kTimeout,
          fmt::format("cgroup {} still has processes after they were killed; they may wait "
                      "for a disk or network drive",
                      folder.string()));
    Kill();
    ::poll(nullptr, 0, 1);  // there is no descriptor that tells for every version
  }
  memory_.clear();
  return {};
}

std::vector<std::string> OwnedCgroups(const CgroupHost& host) {
  std::vector<std::string> names;
  for (const Path& parent : Parents(host)) {
    std::error_code error;
    for (std::filesystem::directory_iterator at(parent, error), end; !error && at != end;
         at.increment(error)) {
      const std::string name = at->path().filename().string();
      if (ParseOwnedName(name).has_value()) names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace vlmhb::os
