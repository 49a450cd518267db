// Against engines that are there (engines_under_test.h).

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "docker/engine.h"
#include "docker/engines_under_test.h"
#include "docker/image_archive.h"
#include "os/file.h"
#include "os/process.h"

namespace vlmhb::docker {
namespace {

using std::chrono::milliseconds;

// A static program that writes to both streams and exits with 7, or waits for a signal.
bool BuildProgram(const os::Path& folder) {
  constexpr std::string_view kSource = R"(#include <unistd.h>
int main(int argc, char** argv) {
  (void)argv;
  if (write(1, "out\n", 4) != 4 || write(2, "err\n", 4) != 4) return 1;
  if (argc > 1) pause();
  return 7;
})";
  if (!os::FindProgram("cc") || !os::WriteFileAtomic(folder / "p.c", kSource).ok()) return false;
  const Result<os::Output> built = os::RunAndCapture(
      {.argv = {"cc", "-static", "-o", (folder / "p").string(), (folder / "p.c").string()},
       .env = {{"PATH", os::GetEnv("PATH").value_or("/usr/bin:/bin")}}},
      std::chrono::seconds(60));
  return built.ok() && built->status.ok();
}

class RealEngine {
 public:
  explicit RealEngine(const EngineUnderTest& real) : engine_({.address = real.address}) {}
  ~RealEngine() { (void)engine_.RemoveContainer(name_); }

  void Prepare() {
    const Result<EngineInfo> info = engine_.Info();
    ASSERT_TRUE(info.ok()) << info.error().ToString();
    RecordProperty(info->version);
    ASSERT_TRUE(BuildProgram(folder_.path()));
    const Result<void> loaded = engine_.LoadImage(EmptyImageArchive());
    ASSERT_TRUE(loaded.ok()) << loaded.error().ToString();
    const Result<json::object> image = engine_.InspectImage(std::string(kEmptyImage));
    ASSERT_TRUE(image.ok()) << image.error().ToString();
    EXPECT_EQ(image->at("Config").at("Labels").at("vlmhb.image").as_string(), kEmptyImageLabel);
    const Result<std::string> id = engine_.ImageId(std::string(kEmptyImage));
    ASSERT_TRUE(id.ok());
    EXPECT_EQ(*engine_.ImageId(*id), *id);
    EXPECT_EQ(engine_.ImageId("vlmhb/none:1").error().code(), ErrorCode::kNotFound);
  }
  void Create(bool waits) {
    json::object mount{{"Type", "bind"},
                       {"Source", (folder_.path() / "p").string()},
                       {"Target", "/data/p"},
                       {"ReadOnly", true}};
    json::object host{{"NetworkMode", "none"},
                      {"ReadonlyRootfs", true},
                      {"Mounts", json::array{std::move(mount)}}};
    json::array cmd{"/data/p"};
    if (waits) cmd.emplace_back("wait");
    json::object body{{"Image", std::string(kEmptyImage)},
                      {"Cmd", std::move(cmd)},
                      {"Labels", json::object{{"vlmhb.test", name_}}},
                      {"HostConfig", std::move(host)}};
    const Result<std::string> id = engine_.CreateContainer(name_, body);
    ASSERT_TRUE(id.ok()) << id.error().ToString();
    EXPECT_EQ(*engine_.CreateContainer(name_, body), *id);  // the same is the same one
    body["Labels"] = json::object{{"vlmhb.test", "another"}};
    EXPECT_EQ(engine_.CreateContainer(name_, body).error().code(), ErrorCode::kInternal);
  }
  bool RunToEnd(const EngineStream& stream) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!stream.ended() && std::chrono::steady_clock::now() < deadline)
      engine_.Poll(milliseconds(1000));
    return stream.ended();
  }
  void ExpectLifeOfAShortCommand() {
    Create(false);
    EXPECT_EQ(engine_.InspectContainer(name_)->status, "created");
    const Result<void> started = engine_.StartContainer(name_);
    ASSERT_TRUE(started.ok()) << started.error().ToString();
    const auto wait = engine_.Wait(name_);
    std::string log;
    const auto logs = engine_.FollowLogs(name_, [&](std::string_view bytes) { log += bytes; });
    ASSERT_TRUE(RunToEnd(*wait));
    EXPECT_FALSE(wait->error().has_value()) << wait->error()->ToString();
    ASSERT_TRUE(RunToEnd(*logs));
    EXPECT_FALSE(logs->error().has_value()) << logs->error()->ToString();
    EXPECT_THAT(log, testing::HasSubstr("out\n"));
    EXPECT_THAT(log, testing::HasSubstr("err\n"));
    const Result<ContainerState> ended = engine_.InspectContainer(name_);
    ASSERT_TRUE(ended.ok()) << ended.error().ToString();
    EXPECT_EQ(ended->status, "exited");
    EXPECT_EQ(ended->exit_code, 7);
    EXPECT_NE(ended->finished_at, "");
    EXPECT_TRUE(engine_.StartContainer(name_).ok());
    EXPECT_EQ(engine_.InspectContainer(name_)->finished_at, ended->finished_at) << "not run again";
    EXPECT_EQ(engine_.Stats(name_).error().code(), ErrorCode::kNotFound);
    EXPECT_TRUE(engine_.KillContainer(name_, "KILL").ok());
    ExpectRemoval();
  }
  void ExpectLifeOfALongCommand() {
    Create(true);
    ASSERT_TRUE(engine_.StartContainer(name_).ok());
    const Result<json::object> stats = engine_.Stats(name_);
    ASSERT_TRUE(stats.ok()) << stats.error().ToString();
    EXPECT_TRUE(stats->contains("memory_stats"));
    const auto listed = engine_.ListContainers({{"vlmhb.test", name_}});
    ASSERT_TRUE(listed.ok()) << listed.error().ToString();
    ASSERT_EQ(listed->size(), 1u);
    EXPECT_EQ(listed->front().name, name_);
    EXPECT_EQ(listed->front().status, "running");
    const auto wait = engine_.Wait(name_);
    const Result<void> killed = engine_.KillContainer(name_, "KILL");
    EXPECT_TRUE(killed.ok()) << killed.error().ToString();
    ASSERT_TRUE(RunToEnd(*wait));
    EXPECT_EQ(engine_.InspectContainer(name_)->exit_code, 137);
    ExpectRemoval();
  }
  void ExpectRemoval() {
    EXPECT_TRUE(engine_.RemoveContainer(name_).ok());
    EXPECT_TRUE(engine_.RemoveContainer(name_).ok());
    EXPECT_EQ(engine_.InspectContainer(name_).error().code(), ErrorCode::kNotFound);
    EXPECT_TRUE(engine_.ListContainers({{"vlmhb.test", name_}})->empty());
  }

 private:
  static void RecordProperty(const std::string& version) {
    testing::Test::RecordProperty("engine_version", version);
  }
  os::TempFolder folder_;
  Engine engine_;
  std::string name_ = "vlmhb-test-" + std::to_string(::getpid());
};

TEST(EngineReal, RunsCommands) {
  const std::vector<EngineUnderTest> engines = EnginesUnderTest();
  if (engines.empty())
    GTEST_SKIP() << "set VLMHB_TEST_ENGINES=docker=unix:///path,podman=unix:///path";
  for (const EngineUnderTest& each : engines) {
    SCOPED_TRACE(each.kind);
    RealEngine real(each);
    real.Prepare();
    if (HasFatalFailure()) continue;
    real.ExpectLifeOfAShortCommand();
    real.ExpectLifeOfALongCommand();
  }
}

}  // namespace
}  // namespace vlmhb::docker
