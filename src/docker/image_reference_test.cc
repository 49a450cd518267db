#include "docker/image_reference.h"

#include <gtest/gtest.h>

namespace vlmhb::docker {
namespace {

const std::string kDigest = "sha256:" + std::string(64, 'a');

TEST(ImageReference, FollowsDockersRules) {
  const struct {
    std::string text, registry, path, tag, digest;
  } cases[] = {
      {"debian", "docker.io", "library/debian", "latest", ""},
      {"debian:12-slim", "docker.io", "library/debian", "12-slim", ""},
      {"user/app", "docker.io", "user/app", "latest", ""},
      {"docker.io/debian", "docker.io", "library/debian", "latest", ""},
      {"index.docker.io/a/b:1", "docker.io", "a/b", "1", ""},
      {"localhost/app", "localhost", "app", "latest", ""},
      {"localhost:5000/app", "localhost:5000", "app", "latest", ""},
      {"localhost:5000/app:v1", "localhost:5000", "app", "v1", ""},
      {"127.0.0.1:15000/a/b/c:v1_2.3", "127.0.0.1:15000", "a/b/c", "v1_2.3", ""},
      {"[::1]:5000/app", "[::1]:5000", "app", "latest", ""},
      {"[fd00::1]/app", "[fd00::1]", "app", "latest", ""},
      {"ghcr.io/o/x@" + kDigest, "ghcr.io", "o/x", "", kDigest},
      {"ghcr.io/o/x:7@" + kDigest, "ghcr.io", "o/x", "7", kDigest},
      {"Registry/app", "Registry", "app", "latest", ""},
      {"a--b/c__d.e_f", "docker.io", "a--b/c__d.e_f", "latest", ""},
  };
  for (const auto& each : cases) {
    const Result<ImageReference> parsed = ImageReference::Parse(each.text);
    ASSERT_TRUE(parsed.ok()) << parsed.error().ToString();
    EXPECT_EQ(parsed->registry, each.registry) << each.text;
    EXPECT_EQ(parsed->path, each.path) << each.text;
    EXPECT_EQ(parsed->tag, each.tag) << each.text;
    EXPECT_EQ(parsed->digest, each.digest) << each.text;
  }
}

TEST(ImageReference, SaysWhatIsMeant) {
  EXPECT_EQ(ImageReference::Parse("debian")->ToString(), "docker.io/library/debian:latest");
  EXPECT_EQ(ImageReference::Parse("q.io/a:1@" + kDigest)->ToString(), "q.io/a@" + kDigest);
}

TEST(ImageReference, RefusesWhatDockerRefuses) {
  const std::vector<std::string> refused = {"",
                                            "Debian",
                                            ":12",
                                            "debian:",
                                            "a//b",
                                            "/a",
                                            "a/",
                                            "a..b",
                                            "a___b",
                                            "-a",
                                            "a-",
                                            "a b",
                                            std::string("a\0b", 3),
                                            "a?x=1",
                                            "../a",
                                            "a@sha256:1",
                                            "a@sha512:" + std::string(64, 'a'),
                                            "a@" + kDigest + "@" + kDigest,
                                            "a@sha256:" + std::string(64, 'G'),
                                            "localhost:x/a",
                                            "localhost:123456/a",
                                            "a.-b.c/x",
                                            "[::1/a",
                                            "[::1]5000/a",
                                            "debian:" + std::string(129, 'x'),
                                            "debian:.x",
                                            std::string(64, 'a'),
                                            std::string(256, 'b')};
  for (const std::string& text : refused) {
    const Result<ImageReference> parsed = ImageReference::Parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code(), ErrorCode::kInvalidConfig) << text;
  }
}

}  // namespace
}  // namespace vlmhb::docker
