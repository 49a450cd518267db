#pragma once
// What an engine tells of a container, read back from its JSON. Pure.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "env/contract.h"
#include "env/env_manager.h"

namespace vlmhb::docker {

// "2026-11-24T11:30:19.123456789Z" (or with an offset) as time since the Unix epoch; nullopt for
// something else.
std::optional<std::chrono::nanoseconds> ParseTimestamp(std::string_view text);

// The mounts below /data of an inspected container, in the order of their names.
std::vector<env::Mount> MountsOf(const json::object& inspected);

// Which limits of a specification an inspected container has. Engines drop without a word those
// that they may not set, Podman without root above all.
struct LimitsInForce {
  bool memory = true;
  bool processes = true;
  bool cpus = true;
};
LimitsInForce LimitsOf(const json::object& inspected, const env::EnvSpec& spec);

// The highest memory use that a reply of GET /containers/X/stats tells.
std::optional<int64_t> PeakMemoryOf(const json::object& stats);

}  // namespace vlmhb::docker
