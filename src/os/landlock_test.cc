#include "os/landlock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

namespace vlmhb::os {
namespace {

bool CanWrite(const Path& file) { return static_cast<bool>(std::ofstream(file) << "x"); }

// Runs in a child, since there is no way back. The exit code counts the checks that failed.
int FailuresWhenConfined(const Path& allowed, const Path& forbidden) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto version = RestrictWrites({allowed, "/nonexistent", "/dev/null"});
    int failures = !version.ok() || *version < 1;
    failures += !CanWrite(allowed / "new");
    failures += !CanWrite("/dev/null");
    failures += CanWrite(forbidden / "new");
    failures += CanWrite(forbidden / "old");
    failures += ::unlink((forbidden / "old").c_str()) == 0;
    failures += ::truncate((forbidden / "old").c_str(), 0) == 0;
    failures += ::rename((forbidden / "old").c_str(), (allowed / "stolen").c_str()) == 0;
    failures += ::symlink("/etc", (forbidden / "link").c_str()) == 0;
    failures += !ReadFile(forbidden / "old").ok();
    // A child of the confined is confined too.
    const pid_t grandchild = ::fork();
    if (grandchild == 0) ::_exit(CanWrite(forbidden / "by-child") ? 1 : 0);
    int status = 0;
    ::waitpid(grandchild, &status, 0);
    failures += status != 0;
    ::_exit(failures);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Landlock, WritingIsPossibleOnlyWhereAllowed) {
  const TempFolder allowed, forbidden;
  ASSERT_TRUE(WriteFileAtomic(forbidden.path() / "old", "content").ok());
  const pid_t probe = ::fork();
  if (probe == 0) ::_exit(RestrictWrites({}).value() == 0 ? 1 : 0);
  int status = 0;
  ::waitpid(probe, &status, 0);
  if (status != 0) GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(FailuresWhenConfined(allowed.path(), forbidden.path()), 0);
  EXPECT_EQ(*ReadFile(forbidden.path() / "old"), "content");
}

}  // namespace
}  // namespace vlmhb::os
