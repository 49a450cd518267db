// The conformance suites on the engines that engines_under_test.h finds.

#include "docker/docker_env_manager.h"
#include "docker/engines_under_test.h"
#include "env/conformance.h"
#include "env/conformance_commands.h"
#include "env/conformance_isolation.h"
#include "env/conformance_reattach.h"

namespace vlmhb::docker {
namespace {

env::Subject SubjectOf(const EngineUnderTest& engine) {
  env::Subject subject{.name = engine.kind, .must_work = true};
  if (engine.address.unix_socket.empty()) subject.name += "_tls";
  subject.image = ImageUnderTest();
  // Podman 4 says "no" also where memory ran out, and often has no init program.
  subject.tells_out_of_memory = engine.kind != "podman";
  subject.term_needs_handler = engine.kind == "podman";
  // Its own filter of system calls allows them.
  subject.forbids_namespaces = engine.kind != "podman";
  subject.make = [engine](const os::Path&) {
    DockerEnvOptions options{.name = engine.kind};
    options.engine.address = engine.address;
    return std::make_unique<DockerEnvManager>(std::move(options));
  };
  return subject;
}

std::vector<env::Subject> Engines() {
  std::vector<env::Subject> subjects;
  for (const EngineUnderTest& engine : EnginesUnderTest()) subjects.push_back(SubjectOf(engine));
  return subjects;
}

std::string NameOf(const testing::TestParamInfo<env::Subject>& info) { return info.param.name; }

}  // namespace
}  // namespace vlmhb::docker

namespace vlmhb::env {

INSTANTIATE_TEST_SUITE_P(Engines, EnvConformance, testing::ValuesIn(docker::Engines()),
                         docker::NameOf);
INSTANTIATE_TEST_SUITE_P(Engines, RealConformance, testing::ValuesIn(docker::Engines()),
                         docker::NameOf);

TEST(DockerConformance, EnginesAreNamed) {
  if (docker::Engines().empty())
    GTEST_SKIP() << "no engine to try: set VLMHB_TEST_ENGINES and VLMHB_TEST_IMAGE";
}

}  // namespace vlmhb::env
