#include "os/system.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "os/file.h"
#include "os/process.h"

namespace vlmhb::os {
namespace {

TEST(System, ParsesAStatLineWithAHostileName) {
  const auto facts = ParseProcessStat(
      "42 (a) R 9 (b)) S 7 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 1 2 3\n");
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->parent, 7);
  EXPECT_EQ(facts->state, 'S');
  EXPECT_EQ(facts->start_ticks, 12345u);
  for (const char* bad :
       {"", "1 (x", "1 (x) S", "1 (x) S y 1 1 0 -1 4 1 0 0 0 0 0 0 0 2 0 1 0 5 1"})
    EXPECT_FALSE(ParseProcessStat(bad).has_value()) << bad;
}

TEST(System, FindsTheOldestChild) {
  auto pipe = MakePipe();
  auto shell = Spawn({.argv = {"/bin/sh", "-c", "sleep 601 & echo; sleep 602 & wait"},
                      .env = {{"PATH", "/usr/bin:/bin"}},
                      .fds = {{1, pipe->write.get()}}});
  ASSERT_TRUE(shell.ok());
  char byte = 0;
  ASSERT_EQ(::read(pipe->read.get(), &byte, 1), 1);  // the first child has started
  const auto child = OldestChild(shell->pid());
  ASSERT_TRUE(child.has_value());
  EXPECT_EQ(ReadProcessFacts(*child)->parent, shell->pid());
  EXPECT_FALSE(OldestChild(*child).has_value());
  EXPECT_FALSE(ReadProcessFacts(0x3fffffff).has_value());
}

TEST(System, NamesTellWhoseTheyAre) {
  const std::string mine = OwnedName("run");
  EXPECT_FALSE(IsOrphanName(mine));
  const auto parts = ParseOwnedName(mine);
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->id, "run");
  EXPECT_TRUE(parts->owner_alive);
  const std::string prefix = mine.substr(0, mine.size() - std::to_string(::getpid()).size() - 4);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t info;
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  const std::string dead = prefix + std::to_string(child) + ".run";
  EXPECT_TRUE(IsOrphanName(dead)) << "a zombie owns nothing";
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(IsOrphanName(dead));
  for (const std::string& other :
       {std::string("vlmhb."), prefix, prefix + "x.run", prefix + "0.run", prefix + "99999999",
        "vlmhb.0badcafe." + std::to_string(child) + ".run", std::string("system.slice")})
    EXPECT_FALSE(ParseOwnedName(other).has_value()) << other;

  const TempFolder folder;
  for (const std::string& name : {mine, dead, std::string("kept")})
    ASSERT_TRUE(MakeFolders(folder.path() / name / "inside").ok());
  RemoveOrphans(folder.path());
  EXPECT_TRUE(std::filesystem::exists(folder.path() / mine));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "kept"));
  EXPECT_FALSE(std::filesystem::exists(folder.path() / dead));
}

}  // namespace
}  // namespace vlmhb::os
