#pragma once
// Environments as containers of a Docker Engine or of Podman's service, over their API.
//
// A container has a read-only root, no capabilities, no new privileges, the engine's default
// seccomp filter, private /tmp and /dev/shm in memory, and the mounts below /data. It runs as the
// user of this process, or as 65534 where that is root; never as root. Without EnvSpec::image it
// runs in an empty image that is loaded into the engine when it is first needed: vlmhb is a static
// program and is mounted.
//
// Containers outlive this process: all carry labels (vlmhb.env, vlmhb.identity, vlmhb.workspace,
// vlmhb.owner), by which Reattach, List and Remove find them. A network is made only for
// Network::kOutside and lives as long as its container.
//
// A lost connection is no end of a command: it is asked for again for `patience`; after that, or
// when the engine does not know the container any more, its status is Lost. Other calls wait for an
// engine that cannot be reached as well, but for Probe and PrepareImage: for `patience` altogether,
// until one succeeds.

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "docker/engine.h"
#include "env/env_manager.h"

namespace vlmhb::docker {

struct DockerEnvOptions {
  std::string name = "docker";  // or "podman": for messages; the engine itself says what it is
  Engine::Options engine;
  std::chrono::milliseconds patience{60'000};
};

class DockerEnvManager final : public env::EnvManager {
 public:
  explicit DockerEnvManager(DockerEnvOptions options);
  // Cleans up the environments that this process set up and did not start; running commands stay
  // for the next process to reattach.
  ~DockerEnvManager() override;

  const env::Capabilities& capabilities() const override;
  Result<void> Probe() override;
  Result<env::Image> PrepareImage(const std::string& reference, env::Pull pull,
                                  const env::PullListener& listener) override;
  Result<void> Setup(const env::EnvSpec& spec) override;
  Result<std::string> MountData(const std::string& id, const Path& host, const std::string& name,
                                env::Access access) override;
  Result<void> Run(const std::string& id, const env::Command& command) override;
  Result<void> Reattach(const env::EnvSpec& spec, const Path& log) override;
  env::TaskStatus Status(const std::string& id) override;
  void Stop(const std::string& id, std::chrono::milliseconds grace) override;
  void WaitForChange(std::chrono::milliseconds timeout) override;
  Result<void> Cleanup(const std::string& id) override;
  json::object Describe(const std::string& id) const override;
  Result<std::vector<env::Leftover>> List() override;
  Result<void> Remove(const env::Leftover& leftover) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vlmhb::docker
