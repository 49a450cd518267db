#pragma once
// What every EnvManager checks, and tells in the manifest, in the same way. Pure but for
// ResolveMount, which asks the file system.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "env/env_manager.h"

namespace vlmhb::env {

struct Mount {
  std::string name;
  Path host;
  std::string guest;  // as the command sees it
  Access access = Access::kReadOnly;
};

// A call that the contract forbids: kInternal, "environment 'a' <what>".
Error Misuse(const std::string& id, std::string_view what);

// kInvalidConfig: something of environment `id` cannot be had.
Error BadSpec(const std::string& id, std::string_view what);
// kInvalidConfig for an id that is no slug and for limits that make no sense.
Result<void> CheckSpec(const EnvSpec& spec);
// kInvalidConfig for a command that an operating system or a shell in between would misread: no
// program, one that begins with '-', NUL bytes, ill-formed names of variables.
Result<void> CheckCommand(const Command& command);

// The real path of `host`, to be mounted as `name` beside `mounts`. kInvalidConfig for a name that
// is no slug, kInternal for one that is taken, else by errno.
Result<Path> ResolveMount(const std::string& id, const Path& host, const std::string& name,
                          const std::vector<Mount>& mounts);

// What a command gets as its environment: PATH, HOME, TMPDIR and LANG, with `chosen` over them; and
// which GPUs are the command's.
std::map<std::string, std::string> CompleteEnvironment(
    const std::map<std::string, std::string>& chosen, const std::string& tmp,
    const std::vector<std::string>& gpu_ids = {});

// For EnvManager::Describe.
json::array MountsToJson(const std::vector<Mount>& mounts);
// null: there is none, or it is not enforced.
json::value LimitToJson(int64_t limit, bool enforced = true);

}  // namespace vlmhb::env
