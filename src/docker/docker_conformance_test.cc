// The conformance suites on the engines that VLMHB_TEST_ENGINES names
// ("docker=unix:///path,docker=tcp://127.0.0.1:2376,podman=unix:///path"; the certificates for tcp
// addresses are in VLMHB_TEST_CERTS); commands run in the image VLMHB_TEST_IMAGE, which needs sh,
// coreutils and util-linux.

#include "base/text.h"
#include "docker/docker_env_manager.h"
#include "env/conformance.h"
#include "env/conformance_commands.h"
#include "env/conformance_isolation.h"
#include "env/conformance_reattach.h"
#include "os/process.h"

namespace vlmhb::docker {
namespace {

env::Subject SubjectOf(std::string_view entry) {
  const size_t equals = entry.find('=');
  const std::string kind(entry.substr(0, equals));
  env::Subject subject{.name = kind};
  subject.image = os::GetEnv("VLMHB_TEST_IMAGE").value_or("");
  // Podman 4 says "no" also where memory ran out, and often has no init program.
  subject.tells_out_of_memory = kind != "podman";
  subject.term_needs_handler = kind == "podman";
  if (equals == entry.npos || subject.image.empty()) {
    subject.unusable = "VLMHB_TEST_ENGINES is not kind=address, or VLMHB_TEST_IMAGE is not set";
    return subject;
  }
  const auto address =
      EngineAddress::Parse(entry.substr(equals + 1), os::GetEnv("VLMHB_TEST_CERTS").value_or(""));
  if (!address.ok()) {
    subject.unusable = address.error().ToString();
    return subject;
  }
  if (address->unix_socket.empty()) subject.name += "_tls";
  subject.make = [kind, address = *address](const os::Path&) {
    DockerEnvOptions options{.name = kind};
    options.engine.address = address;
    return std::make_unique<DockerEnvManager>(std::move(options));
  };
  return subject;
}

std::vector<env::Subject> Engines() {
  std::vector<env::Subject> subjects;
  const std::string named = os::GetEnv("VLMHB_TEST_ENGINES").value_or("");
  for (const std::string_view entry : Split(named, ','))
    if (!Trim(entry).empty()) subjects.push_back(SubjectOf(Trim(entry)));
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
