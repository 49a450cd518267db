#include "wrapper/memory.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <vector>

#include "base/text.h"
#include "os/file.h"

namespace vlmhb::wrapper {
namespace {

constexpr size_t kMaxProcesses = 1000;

std::optional<int64_t> ToInt(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Children belong to the thread that made them.
void AppendChildren(pid_t pid, std::vector<pid_t>& pids) {
  std::error_code error;
  const std::filesystem::directory_iterator threads(fmt::format("/proc/{}/task", pid), error);
  if (error) return;
  for (auto it = threads; it != std::filesystem::directory_iterator(); it.increment(error)) {
    if (error) return;
    const Result<std::string> children = os::ReadFile(it->path() / "children", 1u << 20);
    if (!children.ok()) continue;
    for (const std::string_view word : Split(*children, ' '))
      if (const auto child = ToInt(word)) pids.push_back(static_cast<pid_t>(*child));
  }
}

}  // namespace

std::optional<int64_t> ParseHighWaterMark(std::string_view status) {
  constexpr std::string_view kKey = "VmHWM:";
  constexpr std::string_view kUnit = " kB";
  for (std::string_view line : Split(status, '\n')) {
    if (line.substr(0, kKey.size()) != kKey) continue;
    line = Trim(line.substr(kKey.size()));
    if (line.size() < kUnit.size() || line.substr(line.size() - kUnit.size()) != kUnit)
      return std::nullopt;
    const auto kib = ToInt(line.substr(0, line.size() - kUnit.size()));
    return kib.has_value() ? std::optional(*kib * 1024) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<int64_t> PeakMemoryOfTree(pid_t root) {
  std::optional<int64_t> sum;
  std::vector<pid_t> pids = {root};
  for (size_t i = 0; i < pids.size() && i < kMaxProcesses; ++i) {
    const Result<std::string> status = os::ReadFile(fmt::format("/proc/{}/status", pids[i]));
    if (!status.ok()) continue;  // it has ended
    if (const auto bytes = ParseHighWaterMark(*status)) sum = sum.value_or(0) + *bytes;
    AppendChildren(pids[i], pids);
  }
  return sum;
}

}  // namespace vlmhb::wrapper
