#include "os/system.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>

#include "base/hash.h"
#include "base/text.h"
#include "os/file.h"

namespace vlmhb::os {
namespace {

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "vlmhb.<boot and pid namespace>." A pid means nothing on another machine or in another container.
const std::string& OwnedPrefix() {
  static const std::string prefix = [] {
    const auto boot = ReadFile("/proc/sys/kernel/random/boot_id", 4096);
    struct stat space {};
    ::stat("/proc/self/ns/pid", &space);
    return fmt::format("vlmhb.{:08x}.", Crc32(fmt::format("{} {}", boot.ok() ? Trim(*boot) : "",
                                                          uint64_t{space.st_ino})));
  }();
  return prefix;
}

}  // namespace

std::optional<ProcessFacts> ParseProcessStat(std::string_view text) {
  // "12 (any name) S 1 ...": the name ends at the last parenthesis.
  const size_t paren = text.rfind(") ");
  if (paren == text.npos) return std::nullopt;
  const auto fields = Split(Trim(text.substr(paren + 2)), ' ');
  constexpr size_t kState = 0, kParent = 1, kStart = 19;  // fields 3, 4 and 22 of proc(5)
  if (fields.size() <= kStart || fields[kState].size() != 1) return std::nullopt;
  const auto parent = ParseNumber<pid_t>(fields[kParent]);
  const auto start = ParseNumber<uint64_t>(fields[kStart]);
  if (!parent.has_value() || !start.has_value()) return std::nullopt;
  return ProcessFacts{.parent = *parent, .state = fields[kState][0], .start_ticks = *start};
}

std::optional<ProcessFacts> ReadProcessFacts(pid_t pid) {
  const auto text = ReadFile(fmt::format("/proc/{}/stat", pid), 1u << 16);
  return text.ok() ? ParseProcessStat(*text) : std::nullopt;
}

std::optional<pid_t> OldestChild(pid_t parent) {
  std::optional<pid_t> oldest;
  uint64_t oldest_start = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc", error), end; !error && at != end;
       at.increment(error)) {
    const auto pid = ParseNumber<pid_t>(at->path().filename().native());
    if (!pid.has_value()) continue;
    const auto facts = ReadProcessFacts(*pid);
    if (!facts.has_value() || facts->parent != parent) continue;
    const bool older = !oldest.has_value() || facts->start_ticks < oldest_start ||
                       (facts->start_ticks == oldest_start && *pid < *oldest);
    if (!older) continue;
    oldest = pid;
    oldest_start = facts->start_ticks;
  }
  return oldest;
}

std::string OwnedName(std::string_view id) {
  return fmt::format("{}{}.{}", OwnedPrefix(), ::getpid(), id);
}

std::optional<OwnedNameParts> ParseOwnedName(std::string_view name) {
  if (!name.starts_with(OwnedPrefix())) return std::nullopt;
  name.remove_prefix(OwnedPrefix().size());
  const size_t dot = name.find('.');
  if (dot == name.npos) return std::nullopt;
  const auto pid = ParseNumber<pid_t>(name.substr(0, dot));
  if (!pid.has_value() || *pid <= 0) return std::nullopt;
  // A zombie counts as ended: kill() would find it for as long as its parent does not reap it.
  const auto facts = ReadProcessFacts(*pid);
  return OwnedNameParts{.id = std::string(name.substr(dot + 1)),
                        .owner_alive = facts.has_value() && !facts->ended()};
}

bool IsOrphanName(std::string_view name) {
  const auto parts = ParseOwnedName(name);
  return parts.has_value() && !parts->owner_alive;
}

void RemoveOrphans(const std::filesystem::path& folder) {
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code ignored;
    if (IsOrphanName(at->path().filename().string()))
      std::filesystem::remove_all(at->path(), ignored);
  }
}

}  // namespace vlmhb::os
