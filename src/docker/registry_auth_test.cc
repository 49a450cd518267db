#include "docker/registry_auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/base64.h"
#include "base/json.h"

namespace vlmhb::docker {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Auth(std::string_view text) { return Base64Encode(text); }

TEST(RegistryAuth, FindsARegistryUnderItsManyNames) {
  const std::string config = R"({"auths": {
      "https://index.docker.io/v1/": {"auth": ")" +
                             Auth("hub:pa:ss") + R"("},
      "https://quay.io/v2/": {"username": "q", "password": "qp"},
      "localhost:5000": {"identitytoken": "tok"},
      "empty.io": {}, "odd.io": 7}})";
  const Credentials hub = *FindCredentials(config, "docker.io")->stored;
  EXPECT_EQ(hub.username, "hub");
  EXPECT_EQ(hub.password, "pa:ss");
  EXPECT_EQ(FindCredentials(config, "quay.io")->stored->password, "qp");
  EXPECT_EQ(FindCredentials(config, "localhost:5000")->stored->identity_token, "tok");
  for (const char* none : {"localhost", "empty.io", "odd.io", "io"})
    EXPECT_FALSE(FindCredentials(config, none)->stored.has_value()) << none;
}

TEST(RegistryAuth, AHelperOfTheRegistryComesBeforeTheGeneralOne) {
  const std::string config =
      R"({"credsStore": "desktop", "credHelpers": {"gcr.io": "gcloud", "x.io": "../sh"}})";
  EXPECT_EQ(FindCredentials(config, "gcr.io")->helper, "gcloud");
  EXPECT_EQ(FindCredentials(config, "docker.io")->helper, "desktop");
  EXPECT_EQ(FindCredentials(config, "docker.io")->server, "https://index.docker.io/v1/");
  EXPECT_EQ(FindCredentials(config, "x.io").error().code(), ErrorCode::kInvalidConfig);
}

TEST(RegistryAuth, SecretsOfBrokenFilesAreNotShown) {
  for (const std::string& config : {std::string("{\"auths\": SECRET"), std::string("[\"SECRET\"]"),
                                    R"({"auths": {"a.io": {"auth": ")" + Auth("SECRET") + "\"}}}",
                                    std::string(R"({"auths": {"a.io": {"auth": "SECRET!"}}})"),
                                    std::string(R"({"credsStore": "SECRET;x"})")}) {
    const Result<CredentialEntry> entry = FindCredentials(config, "a.io");
    ASSERT_FALSE(entry.ok()) << config;
    EXPECT_THAT(entry.error().ToString(), Not(HasSubstr("SECRET")));
  }
}

TEST(RegistryAuth, TheHeaderIsUrlSafeBase64OfJson) {
  std::string header = RegistryAuthHeader({"u", "\xff\xfe>>>???~~~", ""}, "docker.io");
  EXPECT_EQ(header.find_first_of("+/"), std::string::npos);
  header = RegistryAuthHeader({"u", "p", ""}, "docker.io");
  EXPECT_EQ(*Base64Decode(header),
            R"({"username":"u","password":"p","serveraddress":"https://index.docker.io/v1/"})");
  EXPECT_EQ(*Base64Decode(RegistryAuthHeader({"", "", "t"}, "q.io")),
            R"({"identitytoken":"t","serveraddress":"q.io"})");
  EXPECT_EQ(HideSecrets("a p!p b p!p", {"u", "p!p", ""}), "a *** b ***");
}

class HelperTest : public testing::Test {
 protected:
  // A config.json with a helper that is this shell script.
  void Helper(std::string_view script) {
    const os::Path program = folder_.path() / "docker-credential-test";
    ASSERT_TRUE(os::WriteFileAtomic(program, "#!/bin/sh\n" + std::string(script)).ok());
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    const std::string config =
        R"({"credsStore": "test", "auths": {"q.io": {"auth": ")" + Auth("file:pw") + "\"}}}";
    ASSERT_TRUE(os::WriteFileAtomic(config_, config).ok());
  }
  Result<std::optional<Credentials>> Load(std::string_view registry) {
    return LoadCredentials(config_, registry, {{"PATH", folder_.path().string() + ":/bin"}});
  }
  os::TempFolder folder_;
  os::Path config_ = folder_.path() / "config.json";
};

TEST_F(HelperTest, IsAskedForTheServerOnItsInput) {
  Helper(R"(s=$(cat); echo "{\"ServerURL\":\"$s\",\"Username\":\"$1-$s\",\"Secret\":\"pw\"}")");
  const auto found = Load("q.io");
  ASSERT_TRUE(found.ok()) << found.error().ToString();
  EXPECT_EQ((*found)->username, "get-q.io");
  EXPECT_EQ((*found)->password, "pw");
  Helper(R"(echo '{"Username":"<token>","Secret":"tok"}')");
  EXPECT_EQ((*Load("q.io"))->identity_token, "tok");
}

TEST_F(HelperTest, ThatKnowsNothingLeavesTheFile) {
  Helper("echo 'credentials not found in native keychain'; exit 1");
  EXPECT_EQ((*Load("q.io"))->username, "file");
  EXPECT_FALSE(Load("other.io")->has_value());
}

TEST_F(HelperTest, ThatFailsIsAnErrorWithoutItsOutput) {
  for (const char* script : {"echo SECRET; echo SECRET >&2; exit 3", "echo SECRET"}) {
    Helper(script);
    const auto found = Load("q.io");
    ASSERT_FALSE(found.ok());
    EXPECT_EQ(found.error().code(), ErrorCode::kUnavailable);
    EXPECT_THAT(found.error().ToString(), Not(HasSubstr("SECRET")));
  }
  std::filesystem::remove(folder_.path() / "docker-credential-test");
  EXPECT_EQ(Load("q.io").error().code(), ErrorCode::kUnavailable);
}

TEST_F(HelperTest, NoFileMeansNoCredentials) {
  EXPECT_FALSE(Load("q.io")->has_value());
  EXPECT_FALSE(LoadCredentials("", "q.io", {})->has_value());
}

}  // namespace
}  // namespace vlmhb::docker
