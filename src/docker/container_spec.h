#pragma once
// What a container is, as data: from an environment and its command to the JSON of the Engine API,
// and back from what the engine says of it. Pure.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "docker/engine.h"
#include "docker/mount_access.h"
#include "env/bubblewrap.h"
#include "env/env_manager.h"

namespace vlmhb::docker {

// Labels of all that is made. They are how another process finds it; do not rename.
inline constexpr char kLabelMade[] = "vlmhb";                    // always "1"
inline constexpr char kLabelEnv[] = "vlmhb.env";                 // EnvSpec::id
inline constexpr char kLabelIdentity[] = "vlmhb.identity";       // EnvSpec::identity
inline constexpr char kLabelWorkspace[] = "vlmhb.workspace";     // EnvSpec::workspace
inline constexpr char kLabelOwner[] = "vlmhb.owner";             // os::OwnedName
inline constexpr char kLabelImage[] = "vlmhb.image";             // EnvSpec::image
inline constexpr char kLabelTimeout[] = "vlmhb.timeout_ms";      // "" for none
inline constexpr char kLabelLogStart[] = "vlmhb.log_start";      // size of the log before, bytes
inline constexpr char kLabelTmpBytes[] = "vlmhb.tmp_bytes";      // EnvSpec::tmp_bytes
inline constexpr char kLabelMaxProcesses[] = "vlmhb.processes";  // EnvSpec::max_processes

struct ContainerPlan {
  env::EnvSpec spec;
  std::vector<env::Mount> mounts;
  env::Command command;
  std::string name;      // of the container, and of its network if it has one; os::OwnedName
  std::string image_id;  // "sha256:..."
  ContainerUser user;
  int64_t log_start = 0;
  bool init = true;  // a first process that reaps and hands signals on
};

// What the labels of a container or network say of its environment.
std::map<std::string, std::string> LabelsOf(const ContainerPlan& plan);
// The body of POST /containers/create.
json::object ContainerBody(const ContainerPlan& plan, const EngineInfo& engine);
// The body of POST /networks/create.
json::object NetworkBody(const ContainerPlan& plan);

// Why a container did not start, from the engine's message.
enum class StartFailure {
  kOther,         // the environment is broken
  kNoProgram,     // argv[0] does not exist: exit code 127
  kNotRunnable,   // argv[0] may not or cannot be run: exit code 126
  kNoGpu,         // a GPU that was asked for is not there
  kNoInitBinary,  // the engine has no first process to offer
};
StartFailure ClassifyStartFailure(std::string_view message, const ContainerPlan& plan);

// "2026-11-24T11:30:19.123456789Z" (or with an offset) as time since the Unix epoch; nullopt for
// something else.
std::optional<std::chrono::nanoseconds> ParseTimestamp(std::string_view text);

// The mounts below /data of an inspected container, in the order of their names.
std::vector<env::Mount> MountsOf(const json::object& inspected);

// The highest memory use that a reply of GET /containers/X/stats tells.
std::optional<int64_t> PeakMemoryOf(const json::object& stats);

}  // namespace vlmhb::docker
