#include "packages/pip.h"

#include <gtest/gtest.h>

#include "packages/install_log.h"
#include "packages/pip_config.h"
#include "packages/sbom.h"
#include "registry/package_source.h"

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
     "download_info":{"url":"https://h/z","vcs_info":{"vcs":"git","commit_id":"abc"}}},
    {"metadata":{"name":"mine","version":"1"},"download_info":{"url":"file:///tmp/s-0","dir_info":{}}},
    {"metadata":{"name":"attrs","version":"1.0"},"download_info":{"url":"https://h/a.whl",
     "archive_info":{"hash":"sha256=00","hashes":{"sha256":"11"}}}}]})");
  const auto packages = PackagesOfReport(*report, {"/tmp/s-0"}, {"/home/me/mine"});
  ASSERT_TRUE(packages.ok()) << packages.error().ToString();
  ASSERT_EQ(packages->size(), 3u);
  EXPECT_EQ((*packages)[0].hashes, std::vector<std::string>{"sha256:11"});
  EXPECT_EQ((*packages)[1].local, "/home/me/mine");
  EXPECT_EQ((*packages)[2].git, "https://h/z");
  EXPECT_EQ((*packages)[2].commit, "abc");
}

TEST(Pip, TheUserOfAnSshAddressIsKept) {
  const auto report = ParseJson(R"({"install":[{"metadata":{"name":"a","version":"1"},
    "download_info":{"url":"ssh://git@h/a","vcs_info":{"vcs":"git","commit_id":"abc"}}}]})");
  EXPECT_EQ(PackagesOfReport(*report, {}, {})->at(0).git, "ssh://git@h/a");
}

TEST(Pip, ARequirementWithCredentialsIsRefusedWithoutShowingThem) {
  const auto report = ParseJson(R"({"install":[{"metadata":{"name":"a","version":"1"},
    "download_info":{"url":"https://h/a?token=x","vcs_info":{"vcs":"git","commit_id":"abc"}}}]})");
  const auto packages = PackagesOfReport(*report, {}, {});
  ASSERT_FALSE(packages.ok());
  EXPECT_NE(packages.error().message().find("https://h/a?token=***"), std::string::npos);
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

TEST(Pip, UsersAndSecretsOfUrlsAreRemovedFromTexts) {
  EXPECT_EQ(WithoutCredentials("at https://u:p@h/x, 'git+ssh://git@h/y?private_token=q&a=b#egg=z' "
                               "and http://h?X-Amz-Signature=1f/2 or a@b"),
            "at https://***@h/x, 'git+ssh://***@h/y?private_token=***&a=b#egg=z' and "
            "http://h?X-Amz-Signature=*** or a@b");
  EXPECT_EQ(WithoutCredentials("https://h/a@b#sha256=aa"), "https://h/a@b#sha256=aa");
}

TEST(PackageSource, CredentialsOfUrlsAreKnown) {
  for (const char* url :
       {"https://u:p@h/x", "https://token@h/x", "ssh://u:p@h/x", "https://h/x?token=y",
        "https://h/x?a=b&Private_Token=y", "ssh://git@h/x?password=y", "https://h/x?api-key="})
    EXPECT_TRUE(registry::HoldsCredentials(url)) << url;
  for (const char* url : {"https://h/x", "ssh://git@h/x", "https://h/x@v1", "https://h/x?depth=1",
                          "file:///a/token=b", "https://h/x?", ""})
    EXPECT_FALSE(registry::HoldsCredentials(url)) << url;
}

TEST(InstallLog, IsItsEndWithoutSecretsAndALinkIsNotFollowed) {
  const os::TempFolder folder;
  const os::Path log = folder.path() / "log", link = folder.path() / "link";
  const os::Path kept = folder.path() / "kept";
  std::filesystem::create_symlink("/etc/passwd", link);
  EXPECT_FALSE(KeepLogs({link, folder.path() / "nowhere"}, kept));
  ASSERT_TRUE(
      os::WriteFileAtomic(log, "https://" + std::string(kMaxLog, 's') + "@h\nhttps://u:p@h\n")
          .ok());
  EXPECT_TRUE(KeepLogs({log, link}, kept));
  EXPECT_EQ(*os::ReadFile(kept), "\nhttps://***@h\n");
}

void Write(const os::Path& file) {
  ASSERT_TRUE(os::MakeFolders(file.parent_path()).ok());
  ASSERT_TRUE(os::WriteFileAtomic(file, "").ok());
}

TEST(PipConfig, FilesAreThoseOfThisMachineAndEachCertificateIsItsOwn) {
  const os::TempFolder folder;
  const os::Path etc = folder.path() / "etc", home = folder.path() / "home";
  const os::Path one = folder.path() / "one.crt", two = folder.path() / "two.crt";
  for (const os::Path& file : {etc / "pip.conf", home / ".pip/pip.conf",
                               home / ".config/pip/pip.conf", home / "x/pip/pip.conf", one, two})
    Write(file);
  std::map<std::string, std::string> settings{{"HOME", home.string()},
                                              {"PIP_CERT", one.string()},
                                              {"SSL_CERT_FILE", two.string()},
                                              {"REQUESTS_CA_BUNDLE", "/nowhere"}};
  std::map<std::string, os::Path> places, variables;
  const auto look = [&] {
    places.clear();
    for (const ShownFile& shown : FilesOfPip(settings, etc))
      (shown.place.empty() ? variables[shown.variable] : places[shown.place]) = shown.file;
  };
  look();
  EXPECT_EQ(places, (std::map<std::string, os::Path>{
                        {"etc/pip/pip.conf", etc / "pip.conf"},
                        {".pip/pip.conf", home / ".pip/pip.conf"},
                        {".config/pip/pip.conf", home / ".config/pip/pip.conf"}}));
  EXPECT_EQ(variables,
            (std::map<std::string, os::Path>{{"PIP_CERT", one}, {"SSL_CERT_FILE", two}}));
  settings["XDG_CONFIG_HOME"] = (home / "x").string();
  look();
  EXPECT_EQ(places[".config/pip/pip.conf"], home / "x/pip/pip.conf");
  settings["PIP_CONFIG_FILE"] = "/dev/null";
  look();
  EXPECT_TRUE(places.empty());
}

TEST(PipConfig, AHomeLeadsPipToItsFilesAndNothingLeadsOutOfIt) {
  const os::TempFolder folder;
  const auto variables = MakePipHome(folder.path(), {{"etc/pip/pip.conf", "/data/pip-etc.conf"}});
  ASSERT_TRUE(variables.ok()) << variables.error().ToString();
  EXPECT_EQ(variables->at("HOME"), folder.path().string());
  EXPECT_EQ(std::filesystem::read_symlink(folder.path() / "etc/pip/pip.conf"),
            "/data/pip-etc.conf");
  EXPECT_FALSE(MakePipHome(folder.path(), {{"../x", "/data/y"}}).ok());
  EXPECT_TRUE(MakePipHome(folder.path(), {})->empty());
}

TEST(Sbom, DebianPackagesAreThoseInstalled) {
  const auto found = DebianPackages(
      "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: "
      "2.36-9+deb12u14\n"
      "Description: x\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].purl, "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64");
}

TEST(Sbom, TheLayerIsWhereTheStagesInterpreterIs) {
  const auto layer = [](const char* command) {
    return LayerOfSpec(
        ParseJson(std::string(R"({"infer":{"model":{"command":)") + command + "}}}")->as_object());
  };
  EXPECT_EQ(layer(R"(["/data/layer/venv/bin/python","-m","x"])"), "/data/layer");
  EXPECT_EQ(layer(R"(["/home/me/cache/env/ab/venv/bin/python"])"), "/home/me/cache/env/ab");
  for (const char* command : {R"(["/usr/bin/tesseract"])", "[]", "[1]", "null"})
    EXPECT_EQ(layer(command), "") << command;
  EXPECT_EQ(LayerOfSpec({}), "");
}

TEST(Sbom, AComponentIsThereOnceAndBadTextIsMended) {
  const os::TempFolder layer;
  for (const char* python : {"python3.11", "python3.12"}) {
    const auto info = layer.path() / "venv/lib" / python / "site-packages/a.dist-info";
    ASSERT_TRUE(os::MakeFolders(info).ok());
    ASSERT_TRUE(os::WriteFileAtomic(info / "METADATA", "Name: a\xff\nVersion:\n").ok());
  }
  const auto found = TakeInventory(layer.path(), layer.path());
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].name, "a\xef\xbf\xbd");
  EXPECT_EQ(found[0].purl, "pkg:pypi/a%EF%BF%BD");
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
