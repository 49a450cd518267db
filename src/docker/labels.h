#pragma once
// The labels of all that is made. They are how another process finds it; do not rename. Pure.

#include <cstdint>
#include <map>
#include <string>

#include "env/env_manager.h"

namespace vlmhb::docker {

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

using Labels = std::map<std::string, std::string>;

// "" if it is not there.
std::string LabelIn(const Labels& labels, const char* name);
// 0 if it is not there or is no number.
int64_t NumberIn(const Labels& labels, const char* name);

// What has these labels, as EnvManager::List tells it. Asks whether its owner lives.
env::Leftover LeftoverOf(std::string kind, std::string name, std::string state,
                         std::string created_at, const Labels& labels);

}  // namespace vlmhb::docker
