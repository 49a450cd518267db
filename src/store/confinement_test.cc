#include "store/confinement.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace vlmhb::store {
namespace {

TEST(Confinement, IsReadFromTheKernelsWords) {
  const Confinement seen = ParseProcStatus(
      "Name:\tvlmhb\nUid:\t65534\t65534\t65534\t65534\nCapBnd:\t00000000a80425fb\nNoNewPrivs:\t1\n"
      "Seccomp:\t2\nSeccomp_filters:\t1\n");
  EXPECT_EQ(seen.uid, 65534);
  EXPECT_EQ(seen.capabilities, 0xa80425fbu);
  EXPECT_TRUE(seen.no_new_privileges);
  EXPECT_TRUE(seen.syscalls_filtered);
}

TEST(Confinement, WhatIsNotSaidIsNotThere) {
  const Confinement seen = ParseProcStatus("Uid\nSeccomp:\t0\n");
  EXPECT_EQ(seen.uid, -1);
  EXPECT_EQ(seen.capabilities, ~uint64_t{0});
  EXPECT_FALSE(seen.no_new_privileges);
  EXPECT_FALSE(seen.syscalls_filtered);
}

TEST(Confinement, SurvivesItsFile) {
  const os::TempFolder folder;
  EXPECT_FALSE(ReadConfinement(folder.path()).has_value());
  ASSERT_TRUE(WriteConfinement(folder.path(), {.uid = 7, .capabilities = 0, .landlock = 4}).ok());
  const auto back = ReadConfinement(folder.path());
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->uid, 7);
  EXPECT_EQ(back->capabilities, 0u);
  EXPECT_EQ(back->landlock, 4);
}

TEST(Confinement, AHostileFileIsNone) {
  const os::TempFolder folder;
  const os::Path file = folder.path() / "confinement.json";
  std::filesystem::create_symlink("/etc/passwd", file);
  EXPECT_FALSE(ReadConfinement(folder.path()).has_value());
  std::filesystem::remove(file);
  std::ofstream(file)
      << "{\"schema\":\"vlmhb.confinement/1\",\"uid\":\"root\",\"capabilities\":[]}";
  const auto back = ReadConfinement(folder.path());
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->uid, -1);
  std::ofstream(file) << std::string(5000, ' ');
  EXPECT_FALSE(ReadConfinement(folder.path()).has_value());
}

}  // namespace
}  // namespace vlmhb::store
