#include "env/bubblewrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace vlmhb::env {
namespace {

using testing::HasSubstr;
using testing::Not;

const HostSystem kHost{.links = {{"/bin", "usr/bin"}, {"/lib64", "usr/lib64"}},
                       .folders = {"/usr", "/lib"},
                       .files = {"/etc/fonts"},
                       .network_files = {"/etc/resolv.conf"},
                       .gpus = {{.id = "GPU-a", .minor = 900}, {.id = "GPU-b", .minor = 901}},
                       .syscall_filter = "filter"};

const Command kCommand{.argv = {"/data/vlmhb/vlmhb", "stage", "--spec", "a b"},
                       .env = {{"TOKEN", "s3cret"}},
                       .log = "/tmp/log"};

BubblewrapCall Plan(const EnvSpec& spec, BubblewrapVersion version = {0, 8, 0}) {
  const std::vector<Mount> mounts = {
      {.name = "in", .host = "/srv/in put", .guest = "/data/in", .access = Access::kReadOnly},
      {.name = "out", .host = "/srv/out", .guest = "/data/out", .access = Access::kReadWrite}};
  return PlanBubblewrap("/usr/bin/bwrap", version, kHost, spec, mounts, kCommand);
}

TEST(Bubblewrap, TheWholeCallIsAsExpected) {
  const BubblewrapCall call = Plan({.id = "x", .tmp_bytes = 4096});
  EXPECT_EQ(Join(call.argv, "|"),
            "/usr/bin/bwrap|--args|3|--json-status-fd|4|--|/bin/sh|-c|exec \"$@\" >&5 2>&5 5>&-|sh|"
            "/data/vlmhb/vlmhb|stage|--spec|a b");
  EXPECT_EQ(Join(call.options, "|"),
            "--unshare-all|--unshare-user|--disable-userns|--die-with-parent|--new-session|"
            "--uid|65534|--gid|65534|--hostname|sandbox|--cap-drop|ALL|--clearenv|"
            "--setenv|HOME|/tmp|--setenv|LANG|C.UTF-8|--setenv|PATH|/usr/local/bin:/usr/bin:/bin|"
            "--setenv|TMPDIR|/tmp|--setenv|TOKEN|s3cret|"
            "--ro-bind|/usr|/usr|--ro-bind|/lib|/lib|--symlink|usr/bin|/bin|"
            "--symlink|usr/lib64|/lib64|--ro-bind|/etc/fonts|/etc/fonts|"
            "--ro-bind-data|6|/etc/passwd|--ro-bind-data|7|/etc/group|--ro-bind-data|8|/etc/hosts|"
            "--proc|/proc|--dev|/dev|--size|4096|--tmpfs|/dev/shm|--size|4096|--tmpfs|/tmp|"
            "--ro-bind|/srv/in put|/data/in|--bind|/srv/out|/data/out|"
            "--remount-ro|/proc|--remount-ro|/dev|--remount-ro|/|--chdir|/tmp|--seccomp|9");
  ASSERT_EQ(call.files.size(), 4u);
  EXPECT_EQ(call.files.at(9), "filter");
  EXPECT_EQ(call.files.at(6), "nobody:x:65534:65534:nobody:/tmp:/bin/sh\n");
}

TEST(Bubblewrap, SecretsAreNotInTheArgumentsThatEverybodyMayRead) {
  EXPECT_THAT(Join(Plan({.id = "x"}).argv, " "), Not(HasSubstr("s3cret")));
}

TEST(Bubblewrap, TheHostsNetworkComesWithItsNames) {
  const std::string options = Join(Plan({.id = "x", .network = Network::kOutside}).options, " ");
  EXPECT_THAT(options, HasSubstr("--unshare-all --unshare-user --share-net"));
  EXPECT_THAT(options, HasSubstr("--ro-bind /etc/resolv.conf /etc/resolv.conf"));
  EXPECT_THAT(options, Not(HasSubstr("/etc/hosts")));
}

TEST(Bubblewrap, OnlyTheGpusThatWereGivenAreInside) {
  const std::string options = Join(Plan({.id = "x", .gpus = 1, .gpu_ids = {"GPU-b"}}).options, " ");
  EXPECT_THAT(options, HasSubstr("--dev-bind /dev/nvidia901 /dev/nvidia901"));
  EXPECT_THAT(options, Not(HasSubstr("/dev/nvidia900")));
  EXPECT_THAT(options, HasSubstr("--ro-bind /sys /sys"));
  EXPECT_THAT(options, HasSubstr("--setenv CUDA_VISIBLE_DEVICES GPU-b"));
}

TEST(Bubblewrap, AnOldVersionIsNotAskedForWhatItDoesNotKnow) {
  EXPECT_THAT(Join(Plan({.id = "x"}, {0, 6, 1}).options, " "), Not(HasSubstr("--disable-userns")));
  EXPECT_EQ(ParseBubblewrapVersion("bubblewrap 0.11.2\n"), (BubblewrapVersion{0, 11, 2}));
  EXPECT_LT(ParseBubblewrapVersion("bubblewrap 0.8.0\n"), (BubblewrapVersion{0, 11, 0}));
  EXPECT_EQ(ParseBubblewrapVersion("docker 20.10.1"), BubblewrapVersion{});
}

TEST(Bubblewrap, TheEnvironmentMayOverrideItsDefaults) {
  const auto complete = CompleteEnvironment({{"HOME", "/data/home"}}, "/tmp");
  EXPECT_EQ(complete.at("HOME"), "/data/home");
  EXPECT_EQ(complete.at("TMPDIR"), "/tmp");
}

TEST(Bubblewrap, ThisMachinesSystemIsFound) {
  const HostSystem host = InspectHost();
  EXPECT_EQ(host.folders[0], "/usr");
  EXPECT_TRUE(host.links.contains("/bin") ||
              std::count(host.folders.begin(), host.folders.end(), "/bin") == 1);
}

TEST(Bubblewrap, AdviceFitsTheSettingThatForbids) {
  const auto advice = [](const NamespaceSettings& settings) {
    return ExplainNoSandbox("bwrap: No permissions to create new namespace\n", settings);
  };
  EXPECT_THAT(advice({.unprivileged_userns_clone = "0"}),
              HasSubstr("sysctl -w kernel.unprivileged_userns_clone=1"));
  EXPECT_THAT(
      advice({.unprivileged_userns_clone = "1", .apparmor_restrict_unprivileged_userns = "1"}),
      HasSubstr("kernel.apparmor_restrict_unprivileged_userns=0"));
  EXPECT_THAT(advice({.max_user_namespaces = "0"}), HasSubstr("user.max_user_namespaces"));
  for (const auto& text : {advice({}), advice({.max_user_namespaces = "0"})}) {
    EXPECT_THAT(text, HasSubstr("No permissions to create new namespace"));
    EXPECT_THAT(text, HasSubstr("--sandbox none"));
  }
}

}  // namespace
}  // namespace vlmhb::env
