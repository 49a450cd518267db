#include "env/contract.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace vlmhb::env {
namespace {

bool IsVariableName(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9');
  });
}

}  // namespace

Error Misuse(const std::string& id, std::string_view what) {
  return Error(ErrorCode::kInternal, fmt::format("environment '{}' {}", id, what));
}

Error BadSpec(const std::string& id, std::string_view what) {
  return Error(ErrorCode::kInvalidConfig, fmt::format("environment '{}': {}", id, what));
}

Result<void> CheckSpec(const EnvSpec& spec) {
  if (Slug(spec.id) != spec.id) return BadSpec(spec.id, "the id is not a slug");
  if (spec.memory_bytes < 0 || spec.max_processes < 0 || spec.cpus < 0 || spec.tmp_bytes <= 0)
    return BadSpec(spec.id, "a limit is negative, or tmp_bytes is not positive");
  return {};
}

Result<void> CheckCommand(const Command& command) {
  const auto bad = [](std::string what) {
    return Error(ErrorCode::kInvalidConfig, "cannot run a command: " + std::move(what));
  };
  const auto has_nul = [](const std::string& text) { return text.find('\0') != text.npos; };
  if (command.argv.empty() || command.argv[0].empty()) return bad("it is empty");
  if (command.argv[0][0] == '-') return bad("program name '" + command.argv[0] + "' begins with -");
  if (std::any_of(command.argv.begin(), command.argv.end(), has_nul))
    return bad("an argument has a NUL byte");
  for (const auto& [name, value] : command.env)
    if (!IsVariableName(name) || has_nul(value))
      return bad(fmt::format("environment variable '{}' has a wrong name or a NUL byte", name));
  return {};
}

Result<Path> ResolveMount(const std::string& id, const Path& host, const std::string& name,
                          const std::vector<Mount>& mounts) {
  if (Slug(name) != name)
    return Error(ErrorCode::kInvalidConfig, fmt::format("mount name '{}' is not a slug", name));
  std::error_code error;
  Path real = std::filesystem::canonical(host, error);
  if (error) return ErrnoError(error.value(), fmt::format("cannot mount {}", host.string()));
  for (const Mount& mount : mounts)
    if (mount.name == name) return Misuse(id, fmt::format("has a mount '{}' already", name));
  return real;
}

std::map<std::string, std::string> CompleteEnvironment(
    const std::map<std::string, std::string>& chosen, const std::string& tmp,
    const std::vector<std::string>& gpu_ids) {
  std::map<std::string, std::string> complete = chosen;
  if (!gpu_ids.empty()) complete["CUDA_VISIBLE_DEVICES"] = Join(gpu_ids, ",");
  complete.insert({{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                   {"HOME", tmp},
                   {"TMPDIR", tmp},
                   {"LANG", "C.UTF-8"}});
  return complete;
}

json::array MountsToJson(const std::vector<Mount>& mounts) {
  json::array list;
  for (const Mount& mount : mounts)
    list.push_back({{"host", mount.host.string()},
                    {"path", mount.guest},
                    {"access", mount.access == Access::kReadOnly ? "read_only" : "read_write"}});
  return list;
}

json::value LimitToJson(int64_t limit, bool enforced) {
  return limit > 0 && enforced ? json::value(limit) : json::value(nullptr);
}

}  // namespace vlmhb::env
