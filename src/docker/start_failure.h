#pragma once
// Why a container did not start, from the engine's message. Pure.

#include <string_view>

#include "docker/container_spec.h"

namespace vlmhb::docker {

enum class StartFailure {
  kOther,         // the environment is broken
  kNoProgram,     // argv[0] does not exist: exit code 127
  kNotRunnable,   // argv[0] may not or cannot be run: exit code 126
  kNoGpu,         // a GPU that was asked for is not there
  kNoInitBinary,  // the engine has no first process to offer
};
StartFailure ClassifyStartFailure(std::string_view message, const ContainerPlan& plan);

}  // namespace vlmhb::docker
