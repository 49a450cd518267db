// The conformance suites on the fake, on the sandbox and on plain processes. What only these show
// is in process_env_manager_test.cc.

#include "env/conformance.h"

#include "base/clock.h"
#include "env/conformance_commands.h"
#include "env/conformance_isolation.h"
#include "env/conformance_reattach.h"
#include "env/fake_env_manager.h"
#include "env/process_env_manager.h"

namespace vlmhb::env {
namespace {

FakeBehaviour FakeOf(Does does) {
  FakeBehaviour behaviour;
  if (does == Does::kExit7) behaviour.end = Exited{7};
  if (does != Does::kSucceed && does != Does::kExit7) behaviour.run_for = FakeBehaviour::kForEver;
  behaviour.ignores_term = does == Does::kIgnoreTerm;
  behaviour.on_start = [](const FakeEnvironment& seen) {
    std::ofstream(seen.command.log, std::ios::app) << "ready\n";
  };
  return behaviour;
}

Subject Fake() {
  Subject subject{.name = "Fake"};
  subject.make = [](const Path&) {
    static FakeClock clock;
    return std::make_unique<FakeEnvManager>(clock);
  };
  subject.script = [](EnvManager& manager, const std::string& id, Does does, const Path&) {
    static_cast<FakeEnvManager&>(manager).Script(id, FakeOf(does));
  };
  return subject;
}

Subject Processes(const std::string& name, SandboxMode mode) {
  return {.name = name,
          .make = [mode](const Path& scratch) { return MakeProcessManager(mode, scratch); }};
}

std::string NameOf(const testing::TestParamInfo<Subject>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(All, EnvConformance,
                         testing::Values(Fake(), Processes("Sandbox", SandboxMode::kBubblewrap),
                                         Processes("Plain", SandboxMode::kNone)),
                         NameOf);
INSTANTIATE_TEST_SUITE_P(All, RealConformance,
                         testing::Values(Processes("Sandbox", SandboxMode::kBubblewrap),
                                         Processes("Plain", SandboxMode::kNone)),
                         NameOf);

}  // namespace
}  // namespace vlmhb::env
