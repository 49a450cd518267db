#include <gtest/gtest.h>
#include <sys/stat.h>

#include "os/file.h"

namespace vlmhb::os {
namespace {

TEST(UntrustedFile, OnlyAPlainFileIsRead) {
  const TempFolder folder;
  const Path plain = folder.path() / "plain", link = folder.path() / "link",
             pipe = folder.path() / "pipe";
  ASSERT_TRUE(WriteFileAtomic(plain, "content").ok());
  std::filesystem::create_symlink(plain, link);
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);

  EXPECT_EQ(*ReadUntrustedFile(plain, 100), "content");
  EXPECT_FALSE(ReadUntrustedFile(plain, 3).ok());
  EXPECT_EQ(ReadUntrustedFile(link, 100).error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(ReadUntrustedFile(pipe, 100).error().code(), ErrorCode::kCorrupt);  // and no hang
  EXPECT_EQ(ReadUntrustedFile(folder.path(), 100).error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(ReadUntrustedFile(folder.path() / "none", 100).error().code(), ErrorCode::kNotFound);

  EXPECT_TRUE(CheckNoLink(plain).ok());
  EXPECT_TRUE(CheckNoLink(folder.path()).ok());
  EXPECT_FALSE(CheckNoLink(link).ok());
  EXPECT_FALSE(CheckNoLink(pipe).ok());
}

}  // namespace
}  // namespace vlmhb::os
