#include "worker/plugin_stage.h"

#include <fmt/format.h>

#include "base/text.h"
#include "os/file.h"
#include "worker/host.h"

namespace vlmhb::worker {
namespace {

using os::Path;

constexpr std::chrono::minutes kLongestCheck{15};
constexpr size_t kMaxCheckBytes = 16u << 20;
constexpr size_t kMaxTold = 4000;
// Importing a plug-in may read many files from a cold disk.
constexpr Millis kHelloTimeout{120'000};

Result<void> Describe(const json::object& parameters, const Path& output,
                      const std::map<std::string, std::string>& environment,
                      const std::atomic<bool>& stop) {
  Host host({.command = {.argv = FindStrings(parameters, "command"), .env = environment},
             .kind = FindString(parameters, "kind"),
             .hello_timeout = kHelloTimeout,
             .stop = &stop});
  VLMHB_ASSIGN(const HelloReply hello, host.Greet());
  host.Shutdown();
  return os::WriteFileAtomic(output / kHelloFile, ToPrettyJson(ToMessage(hello)));
}

// The self-check prints its report on standard output; its status 1 means that it found something.
Result<void> Check(const json::object& parameters, const Path& output,
                   const std::map<std::string, std::string>& environment) {
  VLMHB_ASSIGN(const os::Output said,
               os::RunAndCapture({.argv = FindStrings(parameters, "command"), .env = environment},
                                 kLongestCheck, kMaxCheckBytes));
  if (said.status.exit_code != 0 && said.status.exit_code != 1)
    return Error(ErrorCode::kUnavailable,
                 fmt::format("the self-check ended with {}: {}", said.status.ToString(),
                             Truncate(Trim(said.err), kMaxTold)));
  return os::WriteFileAtomic(output / kCheckFile, said.out);
}

Result<void> RunByName(const json::object& spec, const Path& output,
                       const std::map<std::string, std::string>& environment,
                       const std::atomic<bool>& stop) {
  const std::string stage = FindString(spec, "stage");
  const json::object* parameters = FindObject(spec, stage);
  if (parameters == nullptr || FindStrings(*parameters, "command").empty())
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("the spec has no '{}' with a 'command'", stage));
  if (stage == "check") return Check(*parameters, output, environment);
  return Describe(*parameters, output, environment, stop);
}

}  // namespace

Result<void> RunPluginStage(const json::object& spec,
                            const std::map<std::string, std::string>& environment,
                            const std::atomic<bool>& stop) {
  const Path output = FindString(spec, "output");
  Result<void> done = RunByName(spec, output, environment, stop);
  if (!done.ok()) (void)os::WriteFileAtomic(output / "error.txt", done.error().ToString());
  return done;
}

}  // namespace vlmhb::worker
