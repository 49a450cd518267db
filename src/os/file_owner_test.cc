#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "os/file.h"

namespace vlmhb::os {
namespace {

constexpr uid_t kNobody = 65534;

uid_t OwnerOf(const Path& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 ? info.st_uid : ~0u;
}

TEST(GiveFolder, WhatIsOursAlreadyNeedsNoRights) {
  const TempFolder folder;
  std::filesystem::create_directories(folder.path() / "a" / "b");
  std::ofstream(folder.path() / "a" / "file") << "x";
  EXPECT_TRUE(GiveFolder(folder.path(), ::geteuid(), ::getegid()).ok());
  const auto missing = GiveFolder(folder.path() / "missing", ::geteuid(), ::getegid());
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
}

TEST(GiveFolder, AllBeneathIsGivenAndNoLinkIsFollowed) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root";
  const TempFolder folder;
  const TempFolder other;
  std::ofstream(other.path() / "theirs") << "x";
  const Path deep = folder.path() / "a" / "b";
  std::filesystem::create_directories(deep);
  std::ofstream(deep / "file") << "x";
  std::filesystem::create_symlink(other.path(), folder.path() / "a" / "folder-link");
  std::filesystem::create_symlink(other.path() / "theirs", deep / "file-link");
  std::filesystem::create_symlink("/nonexistent", deep / "dangling");
  const auto given = GiveFolder(folder.path(), kNobody, kNobody);
  ASSERT_TRUE(given.ok()) << given.error().ToString();
  for (const Path& path : {folder.path(), folder.path() / "a", deep, deep / "file",
                           folder.path() / "a" / "folder-link", deep / "dangling"})
    EXPECT_EQ(OwnerOf(path), kNobody) << path;
  EXPECT_EQ(OwnerOf(other.path()), 0u);
  EXPECT_EQ(OwnerOf(other.path() / "theirs"), 0u);
  EXPECT_TRUE(GiveFolder(folder.path(), 0, 0).ok());
  EXPECT_EQ(OwnerOf(deep / "file"), 0u);
}

TEST(GiveFolder, ALinkIsGivenAndNotWhatItNames) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root";
  const TempFolder folder;
  std::ofstream(folder.path() / "file") << "x";
  std::filesystem::create_symlink(folder.path() / "file", folder.path() / "link");
  ASSERT_TRUE(GiveFolder(folder.path() / "link", kNobody, kNobody).ok());
  EXPECT_EQ(OwnerOf(folder.path() / "link"), kNobody);
  EXPECT_EQ(OwnerOf(folder.path() / "file"), 0u);
}

TEST(GiveFolder, OneFileIsGiven) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root";
  const TempFolder folder;
  std::ofstream(folder.path() / "file") << "x";
  ASSERT_TRUE(GiveFolder(folder.path() / "file", kNobody, kNobody).ok());
  EXPECT_EQ(OwnerOf(folder.path() / "file"), kNobody);
  EXPECT_EQ(OwnerOf(folder.path()), 0u);
}

TEST(GiveFolder, AVeryDeepTreeIsRefusedAndDoesNotExhaustThisProcess) {
  const TempFolder folder;
  Path deep = folder.path();
  for (int level = 0; level < 220; ++level) deep /= "d";
  std::filesystem::create_directories(deep);
  const auto refused = GiveFolder(folder.path(), ::geteuid(), ::getegid());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace vlmhb::os
