#include "packages/pip.h"

#include <gtest/gtest.h>

#include "packages/sbom.h"

namespace vlmhb::packages {
namespace {

using registry::PackageSource;

TEST(Pip, RequirementsNameVersionsSpecifiersAndCommits) {
  EXPECT_EQ(Requirement({.name = "attrs", .version = "25.1"}, ""), "attrs==25.1");
  EXPECT_EQ(Requirement({.name = "attrs", .version = ">=2,<3"}, ""), "attrs>=2,<3");
  EXPECT_EQ(Requirement({.name = "attrs"}, ""), "attrs");
  EXPECT_EQ(Requirement({.type = PackageSource::Type::kGit, .url = "https://h/x", .ref = "v1"}, ""),
            "git+https://h/x@v1");
  EXPECT_EQ(Requirement({.type = PackageSource::Type::kLocal, .path = "/a"}, "/tmp/copy"),
            "/tmp/copy");
}

TEST(Pip, AReportBecomesALockSortedByName) {
  const auto report = ParseJson(R"({"install":[
    {"metadata":{"name":"zeta","version":"2"},
     "download_info":{"url":"https://u:p@h/z","vcs_info":{"vcs":"git","commit_id":"abc"}}},
    {"metadata":{"name":"mine","version":"1"},"download_info":{"url":"file:///tmp/s-0","dir_info":{}}},
    {"metadata":{"name":"attrs","version":"1.0"},"download_info":{"url":"https://h/a.whl",
     "archive_info":{"hash":"sha256=00","hashes":{"sha256":"11"}}}}]})");
  const auto packages = PackagesOfReport(*report, {"/tmp/s-0"}, {"/home/me/mine"});
  ASSERT_TRUE(packages.ok()) << packages.error().ToString();
  ASSERT_EQ(packages->size(), 3u);
  EXPECT_EQ((*packages)[0].hashes, std::vector<std::string>{"sha256:11"});
  EXPECT_EQ((*packages)[1].local, "/home/me/mine");
  EXPECT_EQ((*packages)[2].git, "https://***@h/z");
  EXPECT_EQ((*packages)[2].commit, "abc");
}

TEST(Pip, TheUserOfAnSshAddressIsKept) {
  const auto report = ParseJson(R"({"install":[{"metadata":{"name":"a","version":"1"},
    "download_info":{"url":"ssh://git@h/a","vcs_info":{"vcs":"git","commit_id":"abc"}}}]})");
  EXPECT_EQ(PackagesOfReport(*report, {}, {})->at(0).git, "ssh://git@h/a");
}

TEST(Pip, APackageWithoutAHashIsRefused) {
  const auto report = ParseJson(
      R"({"install":[{"metadata":{"name":"a","version":"1"},"download_info":{"url":"https://h/a"}}]})");
  EXPECT_FALSE(PackagesOfReport(*report, {}, {}).ok());
  EXPECT_FALSE(PackagesOfReport(*ParseJson("[]"), {}, {}).ok());
}

TEST(Pip, MessagesAreItsErrorLinesWithoutCredentials) {
  EXPECT_EQ(WhyPipFailed("WARNING: x\nERROR: no a at https://me:pw@h/x\nERROR: gone\n"),
            "no a at https://***@h/x; gone");
  EXPECT_EQ(WhyPipFailed("Traceback\n"), "Traceback");
  EXPECT_EQ(WhyPipFailed(""), "pip said nothing");
}

TEST(Sbom, DebianPackagesAreThoseInstalled) {
  const auto found = DebianPackages(
      "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: "
      "2.36-9+deb12u14\n"
      "Description: x\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].purl, "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64");
}

TEST(Sbom, IsDeterministicAndNamesEverything) {
  const os::TempFolder layer;
  const auto info = layer.path() / "venv/lib/python3.11/site-packages/My_Pkg-1.0.dist-info";
  ASSERT_TRUE(os::MakeFolders(info).ok());
  ASSERT_TRUE(
      os::WriteFileAtomic(info / "METADATA", "Name: My_Pkg\nVersion: 1.0\n\nVersion: 9").ok());
  const Inventory inventory{"infer", "0.1", TakeInventory(layer.path(), layer.path())};
  const json::object bom = MakeSbom(inventory);
  EXPECT_EQ(bom, MakeSbom(inventory));
  EXPECT_EQ(FindString(bom, "bomFormat"), "CycloneDX");
  ASSERT_EQ(FindArray(bom, "components")->size(), 1u);
  EXPECT_EQ(FindString(FindArray(bom, "components")->at(0).as_object(), "purl"),
            "pkg:pypi/my-pkg@1.0");
}

}  // namespace
}  // namespace vlmhb::packages
