#include "registry/overlay.h"

#include <gtest/gtest.h>

#include "registry/registry.h"

namespace vlmhb::registry {
namespace {

TEST(Overlaid, MergesObjectsDeeplyReplacesTheRestAndRemovesByNull) {
  const auto base = ParseJson(R"({"a":{"x":1,"y":2},"list":[1,2],"gone":true})");
  const auto over = ParseJson(R"({"a":{"y":3,"z":{"deep":null,"kept":4}},"list":[9],"gone":null})");
  EXPECT_EQ(ToCanonicalJson(Overlaid(*base, *over)),
            R"({"a":{"x":1,"y":3,"z":{"kept":4}},"list":[9]})");
}

class OverlayFiles : public testing::Test {
 protected:
  void Write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(os::MakeFolders(folder_.path() / "models").ok());
    ASSERT_TRUE(os::WriteFileAtomic(folder_.path() / "models" / name, text).ok());
  }
  Registry Load(bool dev) {
    problems_.clear();
    return Registry::Load({.experiment = folder_.path(), .dev = dev}, problems_);
  }
  std::string Problems() const {
    std::string all;
    for (const auto& problem : problems_) all += problem.ToString() + "\n";
    return all;
  }

  const os::TempFolder folder_;
  std::vector<config::Problem> problems_;
};

constexpr char kBase[] =
    "name: m\nversion: '1'\nframework: F\ncommand: [python, -m, mine]\n"
    "packages:\n  - {type: local, path: ../mine, editable: true}\n"
    "resources: {cpus: 1, memory_mb: 100}\n";

TEST_F(OverlayFiles, AreReadInDevModeOnly) {
  Write("m.yaml", kBase);
  Write("m.dev.yaml", "version: dev\nresources: {memory_mb: 200}\n");
  const Registry prod = Load(false);
  EXPECT_EQ(Problems(), "");
  EXPECT_EQ((*prod.FindModel("", "m"))->version, "1");
  EXPECT_FALSE((*prod.FindModel("", "m"))->packages.at(0).editable);

  const Registry dev = Load(true);
  EXPECT_EQ(Problems(), "");
  const ModelEntry& model = **dev.FindModel("", "m");
  EXPECT_EQ(model.version, "dev");
  EXPECT_EQ(model.resources.memory_mb, 200);
  EXPECT_EQ(model.resources.cpus, 1);
  EXPECT_TRUE(model.packages.at(0).editable);
  EXPECT_EQ(model.packages.at(0).path, (folder_.path() / "mine").string());
}

TEST_F(OverlayFiles, TheMergedEntryIsCheckedAndBothFilesAreNamed) {
  Write("m.yaml", kBase);
  Write("m.dev.yaml", "resources: {memory_mb: much}\n");
  Load(true);
  EXPECT_NE(Problems().find("m.dev.yaml"), std::string::npos) << Problems();
  EXPECT_NE(Problems().find("/resources/memory_mb"), std::string::npos) << Problems();
}

TEST_F(OverlayFiles, OneWithoutItsEntryIsAProblemInDevMode) {
  Write("other.dev.yaml", "version: dev\n");
  Load(false);
  EXPECT_EQ(Problems(), "");
  Load(true);
  EXPECT_NE(Problems().find("other.dev.yaml"), std::string::npos);
}

TEST_F(OverlayFiles, PackagesThatCouldBecomeOptionsOrHoldSecretsAreProblems) {
  for (const char* package :
       {"{type: pypi, name: --index-url=x}", "{type: pypi, name: a, version: '1 --pre'}",
        "{type: pypi, name: a, version: -1}", "{type: git, url: 'https://u:p@h/x'}",
        "{type: git, url: 'ssh://u:p@h/x'}", "{type: git, url: 'ext::sh -c id'}",
        "{type: git, url: 'https://h/x', ref: -x}", "{type: conda, name: a}"}) {
    Write("m.yaml", std::string("name: m\nversion: '1'\nframework: F\ncommand: [python]\npackages: "
                                "[") +
                        package + "]\n");
    Load(false);
    EXPECT_NE(Problems(), "") << package;
  }
  for (const char* package :
       {"{type: pypi, name: 'transformers[torch]', version: '>=4.50,<5'}",
        "{type: git, url: 'https://h/x@v1'}", "{type: pypi, name: a, version: 1.0.post1}",
        "{type: git, url: 'ssh://git@h/x', ref: v1}"}) {
    Write("m.yaml", std::string("name: m\nversion: '1'\nframework: F\ncommand: [python]\npackages: "
                                "[") +
                        package + "]\n");
    Load(false);
    EXPECT_EQ(Problems(), "") << package;
  }
}

TEST_F(OverlayFiles, AVeryLongTextIsAProblemAndNoCrash) {
  Write("m.yaml", "name: m\nversion: '1'\nframework: F\ncommand: [x]\nimage: " +
                      std::string(400'000, 'a') + "\n");
  Load(false);
  EXPECT_NE(Problems().find("/image"), std::string::npos);
  EXPECT_NE(Problems().find("8192"), std::string::npos);
}

}  // namespace
}  // namespace vlmhb::registry
