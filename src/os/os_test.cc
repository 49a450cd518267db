#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <fstream>

#include "os/file.h"
#include "os/process.h"

namespace vlmhb::os {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kPlenty{20'000};

TEST(File, AtomicWriteReplacesWhole) {
  const TempFolder folder;
  const Path path = folder.path() / "f";
  ASSERT_TRUE(WriteFileAtomic(path, "one").ok());
  ASSERT_TRUE(WriteFileAtomic(path, "two").ok());
  EXPECT_EQ(*ReadFile(path), "two");
  {
    AtomicFile dropped = *AtomicFile::Create(path);
    ASSERT_TRUE(dropped.Append("x").ok());
  }
  EXPECT_EQ(*ReadFile(path), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(File, ErrorsNameThePath) {
  const auto missing = ReadFile("/nonexistent/file");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message().find("/nonexistent/file"), std::string::npos);
}

TEST(File, JoinInsideRefusesEveryWayOut) {
  const TempFolder folder;
  const Path root = folder.path() / "root";
  std::filesystem::create_directories(root / "sub");
  std::filesystem::create_symlink("/etc", root / "link");
  EXPECT_TRUE(JoinInside(root, "sub/../new.png").ok());
  for (const char* bad : {"../x", "sub/../../x", "/etc/passwd", "link/passwd"})
    EXPECT_FALSE(JoinInside(root, bad).ok()) << bad;
}

TEST(File, ALockNamesItsHolder) {
  const TempFolder folder;
  EXPECT_FALSE(FileLock::IsHeld(folder.path() / "lock"));
  const auto held = FileLock::TryLock(folder.path() / "lock");
  ASSERT_TRUE(held.ok());
  EXPECT_TRUE(FileLock::IsHeld(folder.path() / "lock"));
  const auto second = FileLock::TryLock(folder.path() / "lock");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), ErrorCode::kUnavailable);
  EXPECT_NE(second.error().message().find(std::to_string(::getpid())), std::string::npos);
}

TEST(File, ATempFolderIsMadeWhereItIsWantedAndRemoved) {
  const TempFolder parent;
  Path path;
  {
    const auto folder = TempFolder::Create(parent.path(), "x");
    ASSERT_TRUE(folder.ok());
    path = (*folder)->path();
    EXPECT_EQ(path.parent_path(), parent.path());
    ASSERT_TRUE(WriteFileAtomic(path / "f", "1").ok());
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_EQ(TempFolder::Create("/nonexistent", "x").error().code(), ErrorCode::kNotFound);
}

TEST(Process, PassesArgumentsLiterallyAndInheritsNothing) {
  const auto output = RunAndCapture(
      {.argv = {"sh", "-c", "printf '%s|' \"$@\"; env | grep -v -e ^PWD= -e ^SHLVL= -e ^_=", "sh",
                "a b", "$(id)"},
       .env = {{"ONLY", "this"}}},
      kPlenty);
  ASSERT_TRUE(output.ok()) << output.error().ToString();
  EXPECT_EQ(output->out, "a b|$(id)|ONLY=this\n");
}

TEST(Process, DescriptorsAreOnlyThoseNamed) {
  const auto pipe = MakePipe();
  const auto output = RunAndCapture({.argv = {"sh", "-c", "echo hi >&5; ls /proc/self/fd | wc -l"},
                                     .env = {{"PATH", "/usr/bin:/bin"}},
                                     .fds = {{5, pipe->write.get()}}},
                                    kPlenty);
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(output->out, "5\n");  // 0, 1, 2, 5 and ls's own
  char text[8] = {};
  EXPECT_EQ(::read(pipe->read.get(), text, sizeof text), 3);
}

TEST(Process, ReportsExitSignalAndFailureToStart) {
  EXPECT_EQ(RunAndCapture({.argv = {"sh", "-c", "exit 7"}}, kPlenty)->status.exit_code, 7);
  EXPECT_EQ(RunAndCapture({.argv = {"sh", "-c", "kill -9 $$"}}, kPlenty)->status.signal, SIGKILL);
  EXPECT_EQ(Spawn({.argv = {"no-such-program"}}).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(Spawn({.argv = {"/etc/passwd"}}).error().code(), ErrorCode::kPermission);
}

TEST(Process, ATimeoutKillsTheWholeGroup) {
  const TempFolder folder;
  const auto pipe = MakePipe();
  const auto output = RunAndCapture({.argv = {"sh", "-c", "sleep 600 & sleep 600"},
                                     .env = {{"PATH", "/usr/bin:/bin"}},
                                     .fds = {{3, pipe->write.get()}}},
                                    milliseconds(50));
  ASSERT_FALSE(output.ok());
  EXPECT_EQ(output.error().code(), ErrorCode::kTimeout);
  // Both sleepers held the write end; it closes only when they are gone.
  const_cast<Pipe&>(*pipe).write.Reset();
  pollfd waiting{pipe->read.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&waiting, 1, static_cast<int>(kPlenty.count())), 1);
  EXPECT_NE(waiting.revents & POLLHUP, 0);
}

TEST(Process, MemoryIsLimited) {
  const Result<Output> limits = RunAndCapture(
      {.argv = {"/bin/cat", "/proc/self/limits"}, .memory_bytes = 64 << 20},
      std::chrono::seconds(10));
  ASSERT_TRUE(limits.ok()) << limits.error().ToString();
  EXPECT_THAT(limits->out, testing::ContainsRegex("Max data size +67108864 +67108864"));
}

TEST(Process, OutputPastTheLimitIsDropped) {
  const auto output = RunAndCapture(
      {.argv = {"sh", "-c", "yes | head -c 100000"}, .env = {{"PATH", "/usr/bin:/bin"}}}, kPlenty,
      1000);
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(output->out.size(), 1000u);
}

}  // namespace
}  // namespace vlmhb::os
