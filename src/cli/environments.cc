#include "cli/environments.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/text.h"
#include "docker/docker_env_manager.h"
#include "env/process_env_manager.h"
#include "os/process.h"

namespace vlmhb::cli {
namespace {

using os::Path;
using Made = Result<std::unique_ptr<env::EnvManager>>;
using Factory = Made (*)(SandboxChoice, const Path& scratch);

std::string Variable(const char* name) { return os::GetEnv(name).value_or(""); }

Made MakeProcess(SandboxChoice sandbox, const Path& scratch) {
  return std::unique_ptr<env::EnvManager>(
      std::make_unique<env::ProcessEnvManager>(env::ProcessEnvOptions{
          .sandbox = sandbox == SandboxChoice::kOn ? env::SandboxMode::kBubblewrap
                                                   : env::SandboxMode::kNone,
          .scratch = scratch}));
}

Made MakeContainers(std::string name, const std::string& host, const Path& certificates,
                    const Path& registries) {
  VLMHB_ASSIGN(const docker::EngineAddress address,
               docker::EngineAddress::Parse(host, certificates));
  return std::unique_ptr<env::EnvManager>(
      std::make_unique<docker::DockerEnvManager>(docker::DockerEnvOptions{
          .name = std::move(name), .engine = {.address = address, .docker_config = registries}}));
}

Made MakeDocker(SandboxChoice, const Path&) {
  const std::string host = Variable("DOCKER_HOST");
  const std::string config = Variable("DOCKER_CONFIG");
  const Path folder = config.empty() ? Path(Variable("HOME")) / ".docker" : Path(config);
  // As the docker command: without a folder for them, certificates are beside its configuration.
  std::string certificates = Variable("DOCKER_CERT_PATH");
  if (certificates.empty() && !Variable("DOCKER_TLS_VERIFY").empty())
    certificates = folder.string();
  return MakeContainers("docker", host.empty() ? "unix:///var/run/docker.sock" : host, certificates,
                        folder / "config.json");
}

Made MakePodman(SandboxChoice, const Path&) {
  std::string host = Variable("CONTAINER_HOST");
  const std::string runtime = ::geteuid() == 0 ? "/run" : Variable("XDG_RUNTIME_DIR");
  if (host.empty()) host = "unix://" + runtime + "/podman/podman.sock";
  const std::string chosen = Variable("REGISTRY_AUTH_FILE");
  return MakeContainers("podman", host, "",
                        chosen.empty() ? Path(runtime) / "containers" / "auth.json" : Path(chosen));
}

struct Row {
  const char* name;
  Factory make;
};
constexpr Row kEnvironments[] = {
    {"process", MakeProcess}, {"docker", MakeDocker}, {"podman", MakePodman}};

}  // namespace

std::vector<std::string> EnvironmentNames() {
  std::vector<std::string> names;
  for (const Row& row : kEnvironments) names.emplace_back(row.name);
  return names;
}

Result<std::unique_ptr<env::EnvManager>> MakeEnvironment(const std::string& name,
                                                         SandboxChoice sandbox,
                                                         const Path& scratch) {
  for (const Row& row : kEnvironments)
    if (name == row.name) return row.make(sandbox, scratch);
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("unknown environment '{}'.{} Known: {}.", name,
                           DidYouMean(name, EnvironmentNames()), Join(EnvironmentNames(), ", ")));
}

}  // namespace vlmhb::cli
