#include "config/secret_ref.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/file.h"

namespace vlmhb::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::optional<std::string> FakeEnv(const std::string& name) {
  if (name == "TOKEN") return "s3cret";
  return std::nullopt;
}

TEST(SecretRef, ParsesBothForms) {
  const Result<SecretRef> env = ParseSecretRef("${env:TOKEN_1}");
  ASSERT_TRUE(env.ok());
  EXPECT_EQ(env->source, SecretRef::Source::kEnv);
  EXPECT_EQ(env->name, "TOKEN_1");
  const Result<SecretRef> file = ParseSecretRef("${file:/run/secrets/a b}");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->source, SecretRef::Source::kFile);
  EXPECT_EQ(file->name, "/run/secrets/a b");
}

TEST(SecretRef, RefusesEverythingElse) {
  for (const char* text : {"${env:}", "${env:A-B}", "${env:1A}", "${file:}", "${vault:x}", "${}",
                           "$env:A", "env:A", "${env:A} ", "", "${env:A}}"})
    EXPECT_FALSE(ParseSecretRef(text).ok()) << text;
}

TEST(SecretRef, KnowsSecretKeys) {
  for (const char* key : {"token", "API_KEY", "api-key", "openai_api_key", "db_password", "secret"})
    EXPECT_TRUE(IsSecretKey(key)) << key;
  for (const char* key : {"max_tokens", "bos_token", "tokenizer", "key", "passport", "languages"})
    EXPECT_FALSE(IsSecretKey(key)) << key;
}

TEST(SecretRef, ResolvesAtEveryDepth) {
  const os::TempFolder temp;
  const std::string path = (temp.path() / "key").string();
  ASSERT_TRUE(os::WriteFileAtomic(path, "from file\r\n").ok());
  const json::object params{{"token", "${env:TOKEN}"},
                            {"nested", {{"list", json::array{"${file:" + path + "}", 5}}}},
                            {"plain", "a ${env:TOKEN} b"}};
  const Result<json::object> resolved = ResolveSecrets(params, FakeEnv);
  ASSERT_TRUE(resolved.ok()) << resolved.error().ToString();
  EXPECT_EQ(ToJson(*resolved),
            R"({"token":"s3cret","nested":{"list":["from file",5]},"plain":"a ${env:TOKEN} b"})");
}

TEST(SecretRef, SaysWhichSecretIsMissingAndNeverShowsOne) {
  const json::object params{{"a", "${env:TOKEN}"}, {"b", "${env:OTHER}"}};
  const Result<json::object> resolved = ResolveSecrets(params, FakeEnv);
  ASSERT_FALSE(resolved.ok());
  EXPECT_EQ(resolved.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(resolved.error().ToString(), HasSubstr("variable OTHER is not set"));
  EXPECT_THAT(resolved.error().ToString(), HasSubstr("reading the secret 'b'"));
  EXPECT_THAT(resolved.error().ToString(), Not(HasSubstr("s3cret")));
  EXPECT_FALSE(ResolveSecrets({{"a", "${file:/nowhere/x}"}}, FakeEnv).ok());
}

TEST(SecretRef, BoundsTheFile) {
  const os::TempFolder temp;
  const std::string path = (temp.path() / "big").string();
  ASSERT_TRUE(os::WriteFileAtomic(path, std::string((64u << 10) + 1, 'x')).ok());
  EXPECT_FALSE(ResolveSecrets({{"a", "${file:" + path + "}"}}, FakeEnv).ok());
}

TEST(SecretRef, MovedSecretsAreFoundAgainInTheNewEnvironmentOnly) {
  const json::object params =
      ParseJson(R"({"url":"http://x","keys":["${env:A}",{"b":"${env:B}"}]})")->get_object();
  const std::map<std::string, std::string> host = {{"A", "first"}, {"B", "second"}};
  const auto lookup = [](const auto& map) {
    return [&map](const std::string& name) -> std::optional<std::string> {
      const auto found = map.find(name);
      return found == map.end() ? std::nullopt : std::optional(found->second);
    };
  };
  std::map<std::string, std::string> environment;
  const Result<json::object> moved = MoveSecrets(params, lookup(host), environment);
  ASSERT_TRUE(moved.ok());
  EXPECT_EQ(ToJson(*moved).find("first"), std::string::npos);
  EXPECT_EQ(ToJson(*ResolveSecrets(*moved, lookup(environment))),
            ToJson(*ResolveSecrets(params, lookup(host))));
  EXPECT_FALSE(ResolveSecrets(*moved, lookup(host)).ok());
}

}  // namespace
}  // namespace vlmhb::config
