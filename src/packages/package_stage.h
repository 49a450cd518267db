#pragma once
// The stages "resolve" and "install", inside an environment (docs/formats/stage.md).

#include <map>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace vlmhb::packages {

// Runs the stage that `spec` describes; of `environment`, the variables of this process, the
// installer gets those that the spec names. An error is the installer's own message, shortened.
Result<void> RunPackageStage(const json::object& spec,
                             const std::map<std::string, std::string>& environment);

}  // namespace vlmhb::packages
