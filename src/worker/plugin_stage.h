#pragma once
// The stages "describe" and "check" (docs/formats/stage.md): a plug-in is asked what it is, or put
// through its self-check, in the environment in which it will run.

#include <atomic>
#include <map>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace vlmhb::worker {

inline constexpr std::string_view kHelloFile = "hello.json";  // of describe
inline constexpr std::string_view kCheckFile = "check.json";  // of check

// Runs the stage that `spec` describes. `environment` becomes the plug-in's own. The reason of a
// failure is in error.txt of the output as well.
Result<void> RunPluginStage(const json::object& spec,
                            const std::map<std::string, std::string>& environment,
                            const std::atomic<bool>& stop);

}  // namespace vlmhb::worker
