// The price of an environment: set-up, start of /bin/true, its end, and clean-up.

#include <benchmark/benchmark.h>

#include "env/process_env_manager.h"

namespace vlmhb::env {
namespace {

void BM_RunTrue(benchmark::State& state, SandboxMode mode) {
  ProcessEnvManager manager({.sandbox = mode});
  if (const auto ready = manager.Probe(); !ready.ok()) {
    state.SkipWithError(ready.error().message().c_str());
    return;
  }
  for ([[maybe_unused]] auto _ : state) {
    const std::string id = "bench";
    const EnvSpec spec{.id = id, .memory_bytes = 1 << 30, .max_processes = 64};
    bool ok = manager.Setup(spec).ok() &&
              manager.Run(id, {.argv = {"/bin/true"}, .log = "/dev/null"}).ok();
    TaskStatus status = manager.Status(id);
    while (std::holds_alternative<Running>(status)) {
      manager.WaitForChange(std::chrono::seconds(10));
      status = manager.Status(id);
    }
    const auto* exited = std::get_if<Exited>(&status);
    ok = ok && exited != nullptr && exited->code == 0 && manager.Cleanup(id).ok();
    if (!ok) {
      state.SkipWithError("the command did not end with 0");
      return;
    }
  }
}

BENCHMARK_CAPTURE(BM_RunTrue, sandbox, SandboxMode::kBubblewrap)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_RunTrue, plain, SandboxMode::kNone)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace vlmhb::env
