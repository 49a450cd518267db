#include "packages/lock.h"

#include <gtest/gtest.h>

#include "packages/lock_file.h"
#include "packages/pip.h"

namespace vlmhb::packages {
namespace {

const Interpreter kPython{.version = "3.11.2",
                          .implementation = "cpython",
                          .abi = "cpython-311-x86_64-linux-gnu",
                          .platform = "linux-x86_64"};

Interpreter Python(const std::string& version, const std::string& system = "") {
  Interpreter python = kPython;
  python.version = version;
  python.system = system;
  return python;
}

json::array Request(const std::string& version, const std::string& content = "aa") {
  return {{{"type", "pypi"}, {"name", "attrs"}, {"version", version}},
          {{"type", "local"}, {"path", "../mine"}, {"content_sha256", content}}};
}

Lock SomeLock() {
  return {.python = kPython,
          .installer = "pip 23",
          .request = Request("1.0"),
          .packages = {
              {.name = "attrs", .version = "1.0", .hashes = {"sha256:" + std::string(64, 'a')}},
              {.name = "g", .version = "1", .git = "https://h/x", .commit = "abc"},
              {.name = "mine", .version = "1", .local = "../mine", .content_sha256 = "aa"}}};
}

TEST(Lock, SurvivesJsonAndItsDigestIsOfWhatGetsInstalled) {
  Lock lock = SomeLock();
  const auto again = LockFromJson(LockToJson(lock));
  ASSERT_TRUE(again.ok()) << again.error().ToString();
  EXPECT_EQ(LockToJson(*again), LockToJson(lock));
  lock.installer = "pip 99";
  lock.request = Request(">=1");
  EXPECT_EQ(again->Digest(), lock.Digest());
  lock.packages[0].version = "1.1";
  EXPECT_NE(again->Digest(), lock.Digest());
  EXPECT_EQ(HashedRequirements(SomeLock()),
            "attrs==1.0 --hash=sha256:" + std::string(64, 'a') + "\n");
}

TEST(Lock, WhatCouldBecomeAnOptionOrALineIsRefused) {
  for (const char* name : {"--index-url", "a b", "a\nb", "", "a;b"}) {
    Lock lock = SomeLock();
    lock.packages[0].name = name;
    EXPECT_FALSE(LockFromJson(LockToJson(lock)).ok()) << name;
  }
  Lock lock = SomeLock();
  lock.packages[0].hashes = {"sha256:zz"};
  EXPECT_FALSE(LockFromJson(LockToJson(lock)).ok());
  lock.packages[0].hashes.clear();
  EXPECT_FALSE(LockFromJson(LockToJson(lock)).ok());
  for (const char* url : {"-x", "ext::sh -c id", "https://h/a b", "https://h/x\n", "file:", "h/x",
                          "https://token@h/x", "https://h/x?access_token=y"}) {
    lock = SomeLock();
    lock.packages[1].git = url;
    EXPECT_FALSE(LockFromJson(LockToJson(lock)).ok()) << url;
  }
}

TEST(Lock, WhatAnImagesPythonSaysOfItselfIsNotTrusted) {
  EXPECT_TRUE(InterpreterFromJson(InterpreterToJson(Python("3.11.2", "/usr/bin/python3"))).ok());
  for (const Interpreter& odd :
       {Python(""), Python("3\x1b[2J"), Python("3", "a\nb"), Python(std::string(5000, '3'))})
    EXPECT_FALSE(InterpreterFromJson(InterpreterToJson(odd)).ok());
}

TEST(Lock, ARequestIsKnownByWhatItSaysAndTheKindOfPythonAlone) {
  const std::string key = RequestKey(Request("1.0"), kPython);
  EXPECT_EQ(RequestKey(Request("1.0"), Python("3.11.9", "/opt/python musl")), key);
  EXPECT_NE(RequestKey(Request("1.0"), Python("3.12.2")), key);
  EXPECT_NE(RequestKey(Request("1.1"), kPython), key);
  EXPECT_NE(RequestKey(Request("1.0", "bb"), kPython), key);
}

std::string WhyNot(const json::array& request, const Interpreter& python) {
  const auto found = FindLock({SomeLock()}, request, python);
  if (found.ok()) return "";
  EXPECT_EQ(found.error().code(), ErrorCode::kInvalidConfig);
  EXPECT_NE(found.error().message().find("vlmhb env lock"), std::string::npos);
  return found.error().message();
}

TEST(LockFile, SaysWhatDoesNotFit) {
  EXPECT_EQ(WhyNot(Request("1.0"), Python("3.11.9")), "");
  const std::string python = WhyNot(Request("1.0"), Python("3.12.1"));
  EXPECT_NE(python.find("for cpython 3.11 on"), std::string::npos) << python;
  EXPECT_NE(python.find("here is cpython 3.12 on"), std::string::npos) << python;
  EXPECT_NE(WhyNot(Request("1.0", "bb"), kPython).find("local package"), std::string::npos);
  EXPECT_NE(WhyNot(Request("2.0"), kPython).find("no lock for these"), std::string::npos);
}

TEST(LockFile, KeepsTheLocksOfOtherPythonsForWhatIsStillAskedFor) {
  Lock other = SomeLock(), stale = SomeLock(), replaced = SomeLock();
  other.python = Python("3.12.1");
  stale.request = Request("0.9");
  replaced.packages.clear();
  const LockFile merged = MergeLocks({other, stale, replaced}, {SomeLock()});
  ASSERT_EQ(merged.size(), 2u);
  EXPECT_TRUE(FindLock(merged, Request("1.0"), Python("3.12.9")).ok());
  EXPECT_EQ(FindLock(merged, Request("1.0"), kPython)->packages.size(), 3u);
}

TEST(LockFile, IsReadBackAndADamagedOneSaysWhatToDo) {
  const os::TempFolder folder;
  const os::Path file = folder.path() / "e.lock.json";
  ASSERT_TRUE(WriteLockFile(file, {SomeLock()}).ok());
  const auto read = ReadLockFile(file);
  ASSERT_TRUE(read.ok()) << read.error().ToString();
  EXPECT_EQ(LockFileToJson(*read), LockFileToJson({SomeLock()}));
  for (const char* text :
       {"", "{}", "[1]", "<<<<<<< HEAD\n{}", R"({"schema":"vlmhb.locks/1","locks":{}})",
        R"({"schema":"vlmhb.locks/2","locks":[{"python":"3.11.2"}]})"}) {
    ASSERT_TRUE(os::WriteFileAtomic(file, text).ok());
    const auto damaged = ReadLockFile(file);
    ASSERT_FALSE(damaged.ok()) << text;
    EXPECT_EQ(damaged.error().code(), ErrorCode::kCorrupt) << text;
    EXPECT_NE(damaged.error().ToString().find(file.string()), std::string::npos);
    EXPECT_NE(damaged.error().ToString().find("vlmhb env lock"), std::string::npos);
  }
}

}  // namespace
}  // namespace vlmhb::packages
