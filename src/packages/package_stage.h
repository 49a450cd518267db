#pragma once
// The stages "resolve" and "install", inside an environment (docs/formats/stage.md).

#include "base/json.h"
#include "base/result.h"

namespace vlmhb::packages {

// Runs the stage that `spec` describes. An error is the installer's own message, shortened.
Result<void> RunPackageStage(const json::object& spec);

}  // namespace vlmhb::packages
