#include "os/file_hash.h"

#include <gtest/gtest.h>

#include "base/hash.h"

namespace vlmhb::os {
namespace {

TEST(FileHash, EqualsTheHashOfTheBytes) {
  const TempFolder folder;
  const Path path = folder.path() / "f";
  for (const size_t size : {0u, 1u, 1'000'000u}) {
    const std::string bytes(size, 'x');
    ASSERT_TRUE(WriteFileAtomic(path, bytes).ok());
    EXPECT_EQ(*Sha256OfFile(path), Sha256Hex(bytes)) << size;
  }
}

TEST(FileHash, AMissingFileIsNamed) {
  const auto missing = Sha256OfFile("/nonexistent/file");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message().find("/nonexistent/file"), std::string::npos);
}

TEST(FileStamp, ChangesWithTheFile) {
  const TempFolder folder;
  const Path path = folder.path() / "f";
  ASSERT_TRUE(WriteFileAtomic(path, "one").ok());
  const std::string before = StampOf(path)->ToString();
  EXPECT_EQ(StampOf(path)->ToString(), before);
  ASSERT_TRUE(WriteFileAtomic(path, "two").ok());
  EXPECT_NE(StampOf(path)->ToString(), before);
  EXPECT_EQ(StampOf(folder.path() / "none").error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace vlmhb::os
