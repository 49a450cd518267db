#include "docker/image_archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/hash.h"
#include "base/json.h"
#include "os/process.h"

namespace vlmhb::docker {
namespace {

using testing::ElementsAre;

struct Entry {
  std::string mode;
  char type;
  std::string content;
};

// An independent reading of the format; checks every check sum.
std::map<std::string, Entry> ReadTar(std::string_view tar) {
  std::map<std::string, Entry> entries;
  EXPECT_EQ(tar.size() % 512, 0u);
  while (tar.size() >= 512 && tar[0] != '\0') {
    const std::string_view header = tar.substr(0, 512);
    unsigned sum = 8 * ' ';
    for (size_t i = 0; i < 512; ++i)
      if (i < 148 || i >= 156) sum += static_cast<unsigned char>(header[i]);
    EXPECT_EQ(std::stoul(std::string(header.substr(148, 6)), nullptr, 8), sum);
    const size_t size = std::stoul(std::string(header.substr(124, 11)), nullptr, 8);
    entries[std::string(header.data())] = {std::string(header.substr(100, 7)), header[156],
                                           std::string(tar.substr(512, size))};
    tar.remove_prefix(512 + (size + 511) / 512 * 512);
  }
  EXPECT_EQ(tar, std::string(1024, '\0'));
  return entries;
}

TEST(ImageArchive, IsADockerArchiveThatNamesItsOwnDigests) {
  const auto archive = ReadTar(EmptyImageArchive());
  const json::value manifest = *ParseJson(archive.at("manifest.json").content);
  const json::object& image = manifest.at(0).as_object();
  EXPECT_EQ(image.at("RepoTags"), json::value(json::array{kEmptyImage}));
  const std::string config = archive.at(FindString(image, "Config")).content;
  EXPECT_EQ(EmptyImageId(), "sha256:" + Sha256Hex(config));

  const json::value parsed = *ParseJson(config);
  const std::string layer = archive.at(image.at("Layers").at(0).as_string().c_str()).content;
  EXPECT_EQ(parsed.at("rootfs").at("diff_ids").at(0).as_string().c_str(),
            "sha256:" + Sha256Hex(layer));
  EXPECT_EQ(parsed.at("config").at("Labels").at("vlmhb.image").as_string(), "empty");
  EXPECT_EQ(parsed.at("os").as_string(), "linux");
}

TEST(ImageArchive, HoldsFoldersAndTheUserNobody) {
  const auto archive = ReadTar(EmptyImageArchive());
  const auto layer = ReadTar(archive.at("layer.tar").content);
  std::vector<std::string> names;
  for (const auto& [name, entry] : layer) {
    names.push_back(name);
    EXPECT_EQ(entry.type, name.ends_with('/') ? '5' : '0') << name;
  }
  EXPECT_THAT(names, ElementsAre("data/", "dev/", "etc/", "etc/group", "etc/passwd", "proc/",
                                 "sys/", "tmp/"));
  EXPECT_EQ(layer.at("tmp/").mode, "0001777");
  EXPECT_THAT(layer.at("etc/passwd").content, testing::HasSubstr("nobody:x:65534:65534:"));
}

TEST(ImageArchive, IsTheSameEveryTime) {
  EXPECT_EQ(EmptyImageArchive(), EmptyImageArchive());
  EXPECT_EQ(EmptyImageId().size(), 7u + 64u);
}

TEST(ImageArchive, IsReadByTar) {
  if (!os::FindProgram("tar")) GTEST_SKIP() << "tar is not installed";
  const os::TempFolder folder;
  ASSERT_TRUE(os::WriteFileAtomic(folder.path() / "a.tar", EmptyImageArchive()).ok());
  const Result<os::Output> listed = os::RunAndCapture(
      {.argv = {"tar", "-tf", (folder.path() / "a.tar").string()}}, std::chrono::seconds(30));
  ASSERT_TRUE(listed.ok()) << listed.error().ToString();
  EXPECT_TRUE(listed->status.ok());
  EXPECT_EQ(listed->err, "");
  EXPECT_THAT(listed->out, testing::EndsWith(".json\nlayer.tar\nmanifest.json\n"));
}

}  // namespace
}  // namespace vlmhb::docker
