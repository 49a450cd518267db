#pragma once
// The default environment: commands are processes of this machine, each in a bubblewrap sandbox of
// its own (env/bubblewrap.h says what it finds there), limited and killed by cgroups where this
// process may make them. With SandboxMode::kNone the same commands run without isolation, which
// capabilities() and Describe() say.
//
// Nothing outlives this process: the kernel kills each command when the thread that started it
// ends, and what a killed orchestrator left (cgroups, folders) is removed by the next Probe.
//
// Statuses: Exited{127} and Exited{126} also mean that the program was not found or cannot be run
// (the log says which). A code of 128 + n is reported as Signaled{n}, but for 130. Lost: the
// sandbox could not be set up, or went away without a word.

#include <map>
#include <memory>
#include <string>

#include "env/bubblewrap.h"
#include "env/env_manager.h"
#include "os/cgroup.h"

namespace vlmhb::env {

class RunningCommand;

enum class SandboxMode { kBubblewrap, kNone };

struct ProcessEnvOptions {
  SandboxMode sandbox = SandboxMode::kBubblewrap;
  std::string bubblewrap = "bwrap";  // a name in PATH, or a path
  Path scratch = "/tmp";             // where kNone makes private folders for temporary files
};

class ProcessEnvManager final : public EnvManager {
 public:
  // Looks at the machine (bwrap's version, cgroups, GPUs).
  explicit ProcessEnvManager(ProcessEnvOptions options = {});
  // Cleans up every environment.
  ~ProcessEnvManager() override;

  const Capabilities& capabilities() const override { return capabilities_; }
  Result<void> Probe() override;
  Result<Image> PrepareImage(const std::string& reference, Pull pull,
                             const PullListener& listener) override;
  Result<void> Setup(const EnvSpec& spec) override;
  Result<std::string> MountData(const std::string& id, const Path& host, const std::string& name,
                                Access access) override;
  Result<void> Run(const std::string& id, const Command& command) override;
  Result<void> Reattach(const EnvSpec& spec, const Path& log) override;
  TaskStatus Status(const std::string& id) override;
  void Stop(const std::string& id, std::chrono::milliseconds grace) override;
  void WaitForChange(std::chrono::milliseconds timeout) override;
  Result<void> Cleanup(const std::string& id) override;
  json::object Describe(const std::string& id) const override;
  Result<std::vector<Leftover>> List() override;
  Result<void> Remove(const Leftover& leftover) override;

 private:
  struct Environment;

  bool sandboxed() const { return options_.sandbox == SandboxMode::kBubblewrap; }
  void DescribeCapabilities();
  Result<void> ChooseGpus(EnvSpec& spec) const;
  Result<Environment*> Find(const std::string& id) const;
  Result<void> StartSandboxed(Environment& environment, const Command& command, int log_fd);
  Result<void> StartPlain(Environment& environment, const Command& command, int log_fd);

  ProcessEnvOptions options_;
  std::optional<Path> program_;  // bwrap, if there is one
  BubblewrapVersion version_;
  HostSystem host_;
  os::CgroupHost cgroups_;
  Capabilities capabilities_;
  std::map<std::string, std::unique_ptr<Environment>> environments_;
};

}  // namespace vlmhb::env
