#include "packages/injector.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <thread>

#include "env/fake_env_manager.h"
#include "os/system.h"
#include "packages/install_log.h"
#include "packages/lock_file.h"

namespace vlmhb::packages {
namespace {

using env::FakeBehaviour;
using env::FakeEnvironment;
namespace fs = std::filesystem;

const std::string kHash = "sha256:" + std::string(64, 'a');

Lock AttrsLock() {
  return {.python = {.version = "3.11.2", .implementation = "cpython", .platform = "linux-x86_64"},
          .installer = "pip 23",
          .packages = {{.name = "attrs", .version = "1.0", .hashes = {kHash}}}};
}

// What the stage's parameters were.
json::object SpecOf(const FakeEnvironment& environment) {
  const auto text = os::ReadFile(environment.mounts.at("/data/stage.json"));
  return text.ok() ? ParseJson(*text)->as_object() : json::object();
}

Path OutputOf(const FakeEnvironment& environment) { return environment.mounts.at("/data/layer"); }

void ResolveLikePip(const FakeEnvironment& environment) {
  EXPECT_TRUE(WriteLock(OutputOf(environment) / "lock.json", AttrsLock()).ok());
}

void InstallLikePip(const FakeEnvironment& environment) {
  const Path output = OutputOf(environment);
  EXPECT_TRUE(os::MakeFolders(output / "venv/bin").ok());
  fs::create_symlink("/usr/bin/python3", output / "venv/bin/python");
  const auto lock = LockFromJson(SpecOf(environment).at("install").at("lock"));
  EXPECT_TRUE(lock.ok() && WriteLock(output / "lock.json", *lock).ok());
}

// One vlmhb: environments in which everything works, as long as nothing else is scripted.
struct Process {
  explicit Process(Path folder) : root(std::move(folder)) {
    options.cache = root / "cache";
    options.program = root / "vlmhb";
    options.tell = [this](std::string_view line) { told.emplace_back(line); };
    EXPECT_TRUE(os::MakeFolders(root).ok() && os::WriteFileAtomic(options.program, "").ok());
    environments.Script(
        "python-", {.on_end = [](const FakeEnvironment& environment) {
          EXPECT_TRUE(
              WriteInterpreter(OutputOf(environment) / "python.json", AttrsLock().python).ok());
        }});
    environments.Script("resolve-", {.on_end = ResolveLikePip});
    environments.Script("layer-", {.on_end = InstallLikePip});
  }

  Result<Layer> Ensure(const Request& request) {
    return Injector(environments, options).Ensure(request);
  }
  size_t Ran(std::string_view part) const {
    return static_cast<size_t>(std::count_if(
        environments.calls().begin(), environments.calls().end(), [&](const std::string& call) {
          return call.starts_with("run ") && call.find(part) != std::string::npos;
        }));
  }

  Path root;
  FakeClock clock;
  env::FakeEnvManager environments{clock};
  std::vector<std::string> told;
  InjectorOptions options;
};

class InjectorTest : public testing::Test {
 protected:
  static Request Attrs() {
    return {.sources = {{.name = "attrs", .version = "1.0"}}, .folder = "/e"};
  }

  // What a failed or interrupted install may not leave.
  std::set<std::string> Left() const {
    std::set<std::string> left;
    for (const auto& entry : fs::directory_iterator(process_.options.cache))
      left.insert(entry.path().filename().string());
    for (const char* expected : {"lock", "locks", "pythons", "failed.log"}) left.erase(expected);
    return left;
  }

  // Ensure fails with this code, and nothing is left of it.
  std::string ExpectFailure(ErrorCode code) {
    const auto layer = process_.Ensure(Attrs());
    EXPECT_FALSE(layer.ok());
    EXPECT_EQ(process_.environments.environments(), 0u);
    EXPECT_EQ(Left(), std::set<std::string>());
    if (layer.ok()) return "";
    EXPECT_EQ(layer.error().code(), code) << layer.error().ToString();
    return layer.error().ToString();
  }

  os::TempFolder folder_;
  Process process_{folder_.path()};
};

TEST_F(InjectorTest, BuildsALayerOnceAndThenStartsNothing) {
  EXPECT_EQ(Injector(process_.environments, process_.options).Find(Attrs()).error().code(),
            ErrorCode::kNotFound);
  EXPECT_TRUE(process_.environments.calls().empty());
  EXPECT_FALSE(fs::exists(process_.options.cache));

  const auto built = process_.Ensure(Attrs());
  ASSERT_TRUE(built.ok()) << built.error().ToString();
  EXPECT_EQ(process_.Ran("python-") + process_.Ran("resolve-") + process_.Ran("layer-"), 3u);
  EXPECT_EQ(process_.environments.environments(), 0u);
  EXPECT_EQ(Left(), std::set<std::string>{built->key});

  Process later(folder_.path());
  const auto again = later.Ensure(Attrs());
  ASSERT_TRUE(again.ok()) << again.error().ToString();
  EXPECT_EQ(again->folder, built->folder);
  EXPECT_TRUE(Injector(later.environments, later.options).Find(Attrs()).ok());
  EXPECT_TRUE(later.environments.calls().empty());
  EXPECT_TRUE(later.told.empty());
}

TEST_F(InjectorTest, TwoRequestsThatResolveAlikeShareALayer) {
  Request other = Attrs();
  other.sources[0].version = ">=1";
  const auto one = process_.Ensure(Attrs()), two = process_.Ensure(other);
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(one->key, two->key);
  EXPECT_EQ(process_.Ran("resolve-"), 2u);
  EXPECT_EQ(process_.Ran("layer-"), 1u);
}

TEST_F(InjectorTest, AnotherImageIsAskedForItsPythonAndGetsALayerOfItsOwn) {
  Request first = Attrs(), second = Attrs();
  first.image_digest = "sha256:1";
  second.image_digest = "sha256:2";
  const auto one = process_.Ensure(first), two = process_.Ensure(second);
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_NE(one->key, two->key);
  EXPECT_EQ(process_.Ran("python-"), 2u);
  EXPECT_EQ(process_.Ran("resolve-"), 1u);  // the same kind of Python
}

TEST_F(InjectorTest, TwoThatWantOneKeyBuildItOnce) {
  Process other(folder_.path());
  std::atomic<bool> waits = false;
  other.options.tell = [&](std::string_view) {
    waits = true;
    waits.notify_one();
  };
  Result<Layer> second = Error(ErrorCode::kInternal, "did not run");
  std::thread thread;
  process_.environments.Script("layer-", {.on_end = [&](const FakeEnvironment& environment) {
                                 thread = std::thread([&] { second = other.Ensure(Attrs()); });
                                 waits.wait(false);
                                 InstallLikePip(environment);
                               }});
  const auto first = process_.Ensure(Attrs());
  thread.join();
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->key, second->key);
  EXPECT_TRUE(other.environments.calls().empty());
}

// A process that works in the cache until it is killed, with half a layer beside the place.
pid_t StartBuilder(const Path& cache) {
  int ready[2];
  EXPECT_EQ(::pipe(ready), 0);
  const pid_t builder = ::fork();
  if (builder == 0) {
    const auto lock = os::FileLock::TryLock(cache / "lock");
    const bool made = os::MakeFolders(cache / os::OwnedName("layer-x") / "output/venv").ok();
    if (lock.ok() && made && ::write(ready[1], "x", 1) == 1) ::pause();
    ::_exit(1);
  }
  char byte;
  EXPECT_EQ(::read(ready[0], &byte, 1), 1);
  ::close(ready[0]);
  ::close(ready[1]);
  return builder;
}

TEST_F(InjectorTest, ABuilderThatDiesIsReplacedAndItsRestsAreRemoved) {
  ASSERT_TRUE(os::MakeFolders(process_.options.cache).ok());
  pid_t builder = StartBuilder(process_.options.cache);
  process_.options.tell = [&](std::string_view line) {
    if (builder == 0 || line.find("waiting") == line.npos) return;
    EXPECT_EQ(Left().size(), 1u);
    ::kill(builder, SIGKILL);
    ::waitpid(builder, nullptr, 0);
    builder = 0;
  };
  const auto layer = process_.Ensure(Attrs());
  ASSERT_TRUE(layer.ok()) << layer.error().ToString();
  EXPECT_EQ(builder, 0);
  EXPECT_EQ(Left(), std::set<std::string>{layer->key});
}

TEST_F(InjectorTest, WaitingForAnotherEndsWithARequestToStop) {
  ASSERT_TRUE(os::MakeFolders(process_.options.cache).ok());
  const auto held = os::FileLock::TryLock(process_.options.cache / "lock");
  std::atomic<bool> stop = false;
  process_.options.stop = &stop;
  process_.options.tell = [&](std::string_view) { stop = true; };
  ExpectFailure(ErrorCode::kCancelled);
}

TEST_F(InjectorTest, AFailedStageTellsItsReasonAndKeepsItsLog) {
  const auto fail = [](const FakeEnvironment& environment) {
    const Path output = OutputOf(environment);
    EXPECT_TRUE(os::WriteFileAtomic(output / "error.txt", "no such package: attrs\n").ok());
    EXPECT_TRUE(os::WriteFileAtomic(output / kInstallerLog, "at https://u:p@h/x\n").ok());
    fs::create_directories(output / "venv");
  };
  for (const char* stage : {"resolve-", "layer-"}) {
    process_.environments.Script(stage, {.end = env::Exited{3}, .on_end = fail});
    const std::string why = ExpectFailure(ErrorCode::kUnavailable);
    const Path log = process_.options.cache / "failed.log";
    EXPECT_TRUE(why.starts_with("no such package: attrs. ")) << why;
    EXPECT_NE(why.find(log.string()), std::string::npos) << why;
    EXPECT_EQ(*os::ReadFile(log), "at https://***@h/x\n");
    process_.environments.Script("resolve-", {.on_end = ResolveLikePip});
  }
  process_.environments.Script("layer-", {.on_end = InstallLikePip});
  EXPECT_TRUE(process_.Ensure(Attrs()).ok()) << "the next try works";
}

TEST_F(InjectorTest, NothingIsLeftHoweverAnInstallEnds) {
  const Error broken(ErrorCode::kUnavailable, "broken");
  const FakeBehaviour ways[] = {
      {.end = env::Signaled{.signal = 9, .out_of_memory = true}, .on_start = InstallLikePip},
      {.run_for = FakeBehaviour::kForEver, .on_start = InstallLikePip},  // the timeout ends it
      {.end = env::Lost{"gone"}, .on_start = InstallLikePip},
      {.end = env::Exited{1}},
      {.setup_error = broken},
      {.mount_error = broken},
      {.run_error = broken},
      {.cleanup_error = broken, .on_end = InstallLikePip}};
  for (const FakeBehaviour& way : ways) {
    process_.environments.Script("layer-", way);
    EXPECT_NE(ExpectFailure(ErrorCode::kUnavailable), "");
  }
}

TEST_F(InjectorTest, ARequestToStopEndsAnInstall) {
  std::atomic<bool> stop = false;
  process_.options.stop = &stop;
  process_.environments.Script("layer-",
                               {.run_for = FakeBehaviour::kForEver,
                                .on_start = [&](const FakeEnvironment&) { stop = true; }});
  ExpectFailure(ErrorCode::kCancelled);
  EXPECT_EQ(process_.Ran("layer-"), 1u);
  ExpectFailure(ErrorCode::kCancelled);
  EXPECT_EQ(process_.Ran("layer-"), 1u) << "once stopped nothing is started";
}

TEST_F(InjectorTest, AnInstallWithoutItsMarksIsNoLayer) {
  process_.environments.Script("layer-", {});  // ends well and wrote nothing
  ExpectFailure(ErrorCode::kCorrupt);
}

TEST_F(InjectorTest, ADamagedLayerSaysWhatToDoAndThatHelps) {
  const auto built = process_.Ensure(Attrs());
  ASSERT_TRUE(built.ok());
  Lock other = built->lock;
  other.packages.clear();
  const std::function<void()> ways[] = {
      [&] { fs::remove(built->folder / "lock.json"); },
      [&] { EXPECT_TRUE(WriteLock(built->folder / "lock.json", other).ok()); },
      [&] { EXPECT_TRUE(os::WriteFileAtomic(built->folder / "lock.json", "{").ok()); },
      [&] { fs::remove(built->folder / "venv/bin/python"); }};
  for (const auto& damage : ways) {
    damage();
    const auto found = process_.Ensure(Attrs());
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.error().code(), ErrorCode::kCorrupt);
    EXPECT_NE(found.error().message().find("remove that folder"), std::string::npos);
    fs::remove_all(built->folder);
    ASSERT_TRUE(process_.Ensure(Attrs()).ok());
  }
}

TEST_F(InjectorTest, ADamagedLockSaysWhatToDoInsteadOfResolvingOtherVersions) {
  ASSERT_TRUE(process_.Ensure(Attrs()).ok());
  const Path lock = fs::directory_iterator(process_.options.cache / "locks")->path();
  ASSERT_TRUE(os::WriteFileAtomic(lock, "{\"packages\":").ok());
  const auto found = process_.Ensure(Attrs());
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code(), ErrorCode::kCorrupt);
  EXPECT_NE(found.error().ToString().find(lock.string() + "; to do: remove it"), std::string::npos);
  EXPECT_EQ(process_.Ran("resolve-"), 1u);
}

TEST_F(InjectorTest, ALockFileIsObeyedAndOneThatDoesNotFitSaysSo) {
  Lock lock = AttrsLock();
  lock.packages[0].version = "0.9";
  lock.request = {{{"type", "pypi"}, {"name", "attrs"}, {"version", "1.0"}}};
  process_.options.locked = LockFile{lock};
  const auto layer = process_.Ensure(Attrs());
  ASSERT_TRUE(layer.ok()) << layer.error().ToString();
  EXPECT_EQ(layer->lock.packages[0].version, "0.9");
  EXPECT_EQ(process_.Ran("resolve-"), 0u);

  fs::remove_all(process_.options.cache);
  lock.python.version = "3.12.1";
  process_.options.locked = LockFile{lock};
  const std::string why = ExpectFailure(ErrorCode::kInvalidConfig);
  EXPECT_NE(why.find("for cpython 3.12 on"), std::string::npos) << why;
  process_.options.locked = LockFile{};
  EXPECT_NE(ExpectFailure(ErrorCode::kInvalidConfig).find("vlmhb env lock"), std::string::npos);
}

TEST_F(InjectorTest, LocalPackagesAreKnownByTheirPlaceFromTheEntryAndTheirContent) {
  const auto request = [&](const std::string& home, const std::string& content) {
    const Path mine = folder_.path() / home / "mine";
    EXPECT_TRUE(os::MakeFolders(mine / "__pycache__").ok());
    EXPECT_TRUE(os::WriteFileAtomic(mine / "setup.py", content).ok());
    EXPECT_TRUE(os::WriteFileAtomic(mine / "__pycache__/x", home).ok());
    return Request{
        .sources = {{.type = registry::PackageSource::Type::kLocal, .path = mine.string()}},
        .folder = folder_.path() / home / "registries"};
  };
  const auto lock_of = [&](const Request& asked) {
    Injector injector(process_.environments, process_.options);
    return ToJson(LockToJson(*injector.Resolve(asked)));
  };
  const std::string lock = lock_of(request("a", "1"));
  EXPECT_NE(lock.find("\"../mine\""), std::string::npos) << lock;
  EXPECT_EQ(lock.find(folder_.path().string()), std::string::npos) << lock;
  EXPECT_EQ(lock_of(request("b", "1")), lock);
  EXPECT_EQ(process_.Ran("resolve-"), 1u);
  EXPECT_NE(lock_of(request("b", "2")), lock);
}

TEST_F(InjectorTest, CredentialsAreInTheInstallersEnvironmentAlone) {
  const std::string secret = "hunter2";
  const Path home = folder_.path() / "home";
  ASSERT_TRUE(os::MakeFolders(home / ".config/pip").ok());
  ASSERT_TRUE(os::WriteFileAtomic(home / ".config/pip/pip.conf", secret).ok());
  process_.options.settings = {{"PIP_INDEX_URL", "https://me:" + secret + "@h/"},
                               {"HOME", home.string()}};
  FakeEnvironment seen;
  process_.environments.Script("layer-", {.on_end = [&](const FakeEnvironment& environment) {
                                 seen = environment;
                                 EXPECT_EQ(ToJson(SpecOf(environment)).find(secret),
                                           std::string::npos);
                                 InstallLikePip(environment);
                               }});
  ASSERT_TRUE(process_.Ensure(Attrs()).ok());
  EXPECT_EQ(seen.command.env, (std::map<std::string, std::string>{
                                  {"PIP_INDEX_URL", process_.options.settings["PIP_INDEX_URL"]}}));
  for (const std::string& word : seen.command.argv) EXPECT_EQ(word.find(secret), std::string::npos);
  EXPECT_EQ(seen.mounts.at("/data/pip-user.conf"), home / ".config/pip/pip.conf");
  EXPECT_EQ(seen.access.at("/data/pip-user.conf"), env::Access::kReadOnly);

  Request git = Attrs();
  git.sources = {{.type = registry::PackageSource::Type::kGit, .url = "https://h/x?token=y"}};
  const auto refused = process_.Ensure(git);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidConfig);
}

TEST_F(InjectorTest, WheelsMeanNoNetwork) {
  env::Network network = env::Network::kNone;
  process_.environments.Script("resolve-", {.on_end = [&](const FakeEnvironment& environment) {
                                 network = environment.spec.network;
                                 ResolveLikePip(environment);
                               }});
  ASSERT_TRUE(process_.Ensure(Attrs()).ok());
  EXPECT_EQ(network, env::Network::kOutside);
  fs::remove_all(process_.options.cache);
  process_.options.wheels = folder_.path();
  ASSERT_TRUE(process_.Ensure(Attrs()).ok());
  EXPECT_EQ(network, env::Network::kNone);
}

}  // namespace
}  // namespace vlmhb::packages
