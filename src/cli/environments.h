#pragma once
// The table of environments by name. A new one is added here and nowhere else in the core.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "env/env_manager.h"

namespace vlmhb::cli {

enum class SandboxChoice { kOn, kOff };

// `scratch` is a folder for what environments need while they live. kInvalidConfig for an unknown
// name, with those known. Engines are found where their own tools look: DOCKER_HOST,
// DOCKER_CERT_PATH, DOCKER_TLS_VERIFY, DOCKER_CONFIG; CONTAINER_HOST, XDG_RUNTIME_DIR,
// REGISTRY_AUTH_FILE.
Result<std::unique_ptr<env::EnvManager>> MakeEnvironment(const std::string& name,
                                                         SandboxChoice sandbox,
                                                         const os::Path& scratch);

std::vector<std::string> EnvironmentNames();

}  // namespace vlmhb::cli
