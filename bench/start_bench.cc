// What an environment costs, round by round side by side: from nothing to the first byte of the
// command's output, and until nothing is left. The sandbox, no sandbox, and containers beside
// `docker run` of the same image.
//
//   start_bench [ROUNDS]
//
// Containers: docker/engines_under_test.h, by what `scripts/engines up` prints. Podman is called as
// a Docker engine by the docker program too.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/text.h"
#include "docker/docker_env_manager.h"
#include "docker/engines_under_test.h"
#include "env/process_env_manager.h"
#include "os/process.h"

namespace vlmhb {
namespace {

using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

constexpr milliseconds kPlenty{60'000};
constexpr const char* kScript = "echo x";

struct Round {
  double first_byte_ms = 0;
  double all_ms = 0;
};

[[noreturn]] void Fail(std::string_view what) {
  fmt::print(stderr, "start_bench: {}\n", what);
  std::exit(1);
}

void Expect(const Result<void>& result) {
  if (!result.ok()) Fail(result.error().ToString());
}

double MillisSince(Steady::time_point begin) {
  return std::chrono::duration<double, std::milli>(Steady::now() - begin).count();
}

Round RunEnvironment(env::EnvManager& manager, const std::string& image) {
  const os::TempFolder folder;
  const os::Path log = folder.path() / "log";
  const std::string id = "bench";
  const Steady::time_point begin = Steady::now();
  Round round;
  Expect(manager.Setup({.id = id,
                        .identity = "bench",
                        .workspace = folder.path().string(),
                        .image = image,
                        .cpus = 1,
                        .memory_bytes = 1 << 30,
                        .max_processes = 64}));
  Expect(manager.Run(id, {.argv = {"sh", "-c", kScript}, .log = log}));
  std::error_code ignored;
  bool ended = false;
  while (!ended || round.first_byte_ms == 0) {
    if (MillisSince(begin) > static_cast<double>(kPlenty.count())) Fail("nothing came");
    if (!ended) manager.WaitForChange(milliseconds(5));
    const env::TaskStatus status = manager.Status(id);
    if (round.first_byte_ms == 0 && std::filesystem::file_size(log, ignored) == 2)
      round.first_byte_ms = MillisSince(begin);
    ended = !std::holds_alternative<env::Running>(status);
    if (ended && env::ToString(status) != "exit code 0") Fail(env::ToString(status));
  }
  Expect(manager.Cleanup(id));
  round.all_ms = MillisSince(begin);
  return round;
}

Round RunProgram(const std::vector<std::string>& argv, const std::string& host) {
  const Steady::time_point begin = Steady::now();
  auto pipe = os::MakePipe();
  if (!pipe.ok()) Fail(pipe.error().ToString());
  auto process =
      os::Spawn({.argv = argv,
                 .env = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"DOCKER_HOST", host}},
                 .fds = {{1, pipe->write.get()}}});
  if (!process.ok()) Fail(process.error().ToString());
  pipe->write.Reset();
  char byte = 0;
  if (::read(pipe->read.get(), &byte, 1) != 1) Fail("no output of " + Join(argv, " "));
  Round round{.first_byte_ms = MillisSince(begin)};
  const auto status = process->Wait(kPlenty);
  if (!status.has_value() || !status->ok()) Fail(Join(argv, " ") + " failed");
  round.all_ms = MillisSince(begin);
  return round;
}

double Quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(q * static_cast<double>(values.size() - 1))];
}

class Table {
 public:
  void Add(const std::string& name, const Round& round) {
    if (!rounds_.contains(name)) names_.push_back(name);
    rounds_[name].push_back(round);
  }
  void Print() const {
    fmt::print("{:<34} {:>30} {:>18}\n", "", "first byte: median (p10, p90)", "all: median");
    for (const std::string& name : names_) {
      std::vector<double> first, all;
      for (const Round& round : rounds_.at(name)) {
        first.push_back(round.first_byte_ms);
        all.push_back(round.all_ms);
      }
      fmt::print("{:<34} {:>8.1f} ms ({:.1f}, {:.1f}) {:>15.1f} ms\n", name, Quantile(first, 0.5),
                 Quantile(first, 0.1), Quantile(first, 0.9), Quantile(all, 0.5));
    }
  }

 private:
  std::vector<std::string> names_;
  std::map<std::string, std::vector<Round>> rounds_;
};

struct Contender {
  docker::EngineUnderTest engine;
  std::unique_ptr<docker::DockerEnvManager> manager;
};

std::vector<Contender> Contenders() {
  std::vector<Contender> contenders;
  for (docker::EngineUnderTest& engine : docker::EnginesUnderTest()) {
    docker::DockerEnvOptions options{.name = engine.kind};
    options.engine.address = engine.address;
    auto manager = std::make_unique<docker::DockerEnvManager>(std::move(options));
    Expect(manager->Probe());
    contenders.push_back({std::move(engine), std::move(manager)});
  }
  return contenders;
}

int Main(int rounds) {
  Table table;
  env::ProcessEnvManager sandbox({.sandbox = env::SandboxMode::kBubblewrap});
  env::ProcessEnvManager plain({.sandbox = env::SandboxMode::kNone});
  Expect(sandbox.Probe());
  const std::vector<Contender> contenders = Contenders();
  const std::string image = docker::ImageUnderTest();
  for (int i = 0; i < rounds; ++i) {
    table.Add("process, sandbox", RunEnvironment(sandbox, ""));
    table.Add("process, no sandbox", RunEnvironment(plain, ""));
    for (const auto& [engine, manager] : contenders) {
      const std::string host = engine.address.ToString();
      table.Add(engine.kind + ", vlmhb", RunEnvironment(*manager, image));
      const std::vector<std::string> run = {"docker", "run", "--rm"};
      std::vector<std::string> bare = run, closed = run;
      for (const char* word : {"--network=none", "--read-only", "--cap-drop=ALL", "--memory=1g"})
        closed.emplace_back(word);
      for (std::vector<std::string>* argv : {&bare, &closed})
        for (const std::string& word :
             {image, std::string("sh"), std::string("-c"), std::string(kScript)})
          argv->push_back(word);
      table.Add(engine.kind + ", docker run", RunProgram(bare, host));
      table.Add(engine.kind + ", docker run, no network", RunProgram(closed, host));
    }
  }
  table.Print();
  return 0;
}

}  // namespace
}  // namespace vlmhb

int main(int argc, char** argv) { return vlmhb::Main(argc > 1 ? std::atoi(argv[1]) : 20); }
