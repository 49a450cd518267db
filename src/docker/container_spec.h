#pragma once
// What a container is, as data: from an environment and its command to the JSON of the Engine API.
// Pure.

#include <string>
#include <vector>

#include "docker/engine.h"
#include "docker/labels.h"
#include "docker/mount_access.h"
#include "env/contract.h"
#include "env/env_manager.h"

namespace vlmhb::docker {

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
Labels LabelsOf(const ContainerPlan& plan);
// The body of POST /containers/create.
json::object ContainerBody(const ContainerPlan& plan, const EngineInfo& engine);
// The body of POST /networks/create.
json::object NetworkBody(const ContainerPlan& plan);

}  // namespace vlmhb::docker
