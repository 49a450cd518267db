#include "docker/container_spec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vlmhb::docker {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const EngineInfo kDocker{.version = "20.10.24"};
const EngineInfo kPodman{.podman = true, .version = "4.3.1"};
const EngineInfo kRootlessPodman{.podman = true, .version = "4.3.1", .rootless = true};

ContainerPlan Plan() {
  ContainerPlan plan;
  plan.spec = {.id = "e-run-infer", .identity = "abc", .workspace = "/w"};
  plan.spec.image = "example/model:1";
  plan.spec.tmp_bytes = 1000;
  plan.command = {.argv = {"/data/vlmhb", "stage", "--spec", "x y"}, .env = {{"KEY", "v=1"}}};
  plan.name = "e-run-infer.owner";
  plan.image_id = "sha256:1234";
  plan.user = {1000, 1001};
  return plan;
}

json::object Host(const ContainerPlan& plan, const EngineInfo& engine) {
  return ContainerBody(plan, engine).at("HostConfig").as_object();
}
std::string Text(const json::value& value) { return ToJson(value); }

TEST(ContainerSpec, RunsTheCommandAndNothingOfTheImage) {
  const json::object body = ContainerBody(Plan(), kDocker);
  EXPECT_EQ(Text(body.at("Image")), R"("sha256:1234")");
  EXPECT_EQ(Text(body.at("Entrypoint")), R"(["/data/vlmhb"])");
  EXPECT_EQ(Text(body.at("Cmd")), R"(["stage","--spec","x y"])");
  EXPECT_EQ(Text(body.at("Healthcheck")), R"({"Test":["NONE"]})");
  EXPECT_EQ(Text(body.at("User")), R"("1000:1001")");
  EXPECT_EQ(Text(body.at("WorkingDir")), R"("/tmp")");
  EXPECT_EQ(Text(body.at("StopSignal")), R"("SIGTERM")");
  EXPECT_EQ(Text(body.at("Tty")), "false");
  EXPECT_EQ(Text(body.at("OpenStdin")), "false");
}

TEST(ContainerSpec, TheVariablesAreThoseOfTheCommand) {
  ContainerPlan plan = Plan();
  plan.spec.gpus = 1;
  plan.spec.gpu_ids = {"2"};
  const std::string variables = Text(ContainerBody(plan, kDocker).at("Env"));
  EXPECT_THAT(variables, HasSubstr(R"("KEY=v=1")"));
  for (const char* set : {"\"PATH=", R"("HOME=/tmp")", R"("TMPDIR=/tmp")", "\"LANG="})
    EXPECT_THAT(variables, HasSubstr(set));
  EXPECT_THAT(variables, Not(HasSubstr("CUDA_VISIBLE_DEVICES")));
}

TEST(ContainerSpec, IsConfinedInEveryEngine) {
  for (const EngineInfo& engine : {kDocker, kPodman, kRootlessPodman}) {
    const json::object host = Host(Plan(), engine);
    EXPECT_EQ(Text(host.at("NetworkMode")), R"("none")");
    EXPECT_EQ(Text(host.at("ReadonlyRootfs")), "true");
    EXPECT_EQ(Text(host.at("CapDrop")), R"(["ALL"])");
    EXPECT_FALSE(host.contains("CapAdd"));
    EXPECT_EQ(Text(host.at("SecurityOpt")), R"(["no-new-privileges"])");
    EXPECT_EQ(Text(host.at("Privileged")), "false");
    EXPECT_EQ(Text(host.at("IpcMode")), R"("private")");
    EXPECT_EQ(Text(host.at("ShmSize")), "1000");
    EXPECT_EQ(Text(host.at("RestartPolicy")), R"({"Name":"no"})");
    EXPECT_EQ(Text(host.at("AutoRemove")), "false") << "its end must be seen";
    EXPECT_THAT(Text(host.at("LogConfig")), HasSubstr(R"("max-size":"512m")"));
    EXPECT_FALSE(host.contains("Binds")) << "they make what is not there";
    for (const char* absent : {"PidMode", "UTSMode", "CgroupnsMode", "Devices", "DeviceRequests"})
      EXPECT_FALSE(host.contains(absent)) << absent;
  }
}

TEST(ContainerSpec, TmpIsPrivateAndWritableForItsUser) {
  EXPECT_EQ(Text(Host(Plan(), kDocker).at("Tmpfs")),
            R"({"/tmp":"rw,exec,nosuid,nodev,size=1000,uid=1000,gid=1001,mode=0700"})");
  EXPECT_EQ(Text(Host(Plan(), kPodman).at("Tmpfs")),
            R"({"/tmp":"rw,exec,nosuid,nodev,size=1000,mode=1777"})");
}

TEST(ContainerSpec, OnlyRootlessPodmanKeepsTheUser) {
  EXPECT_FALSE(Host(Plan(), kDocker).contains("UsernsMode"));
  EXPECT_FALSE(Host(Plan(), kPodman).contains("UsernsMode"));
  EXPECT_EQ(Text(Host(Plan(), kRootlessPodman).at("UsernsMode")), R"("keep-id")");
}

TEST(ContainerSpec, AFirstProcessWhereTheEngineHasOne) {
  ContainerPlan plan = Plan();
  EXPECT_EQ(Text(Host(plan, kDocker).at("Init")), "true");
  plan.init = false;
  EXPECT_FALSE(Host(plan, kDocker).contains("Init"));
}

TEST(ContainerSpec, LimitsAreThoseOfTheEnvironment) {
  ContainerPlan plan = Plan();
  for (const char* absent : {"Memory", "MemorySwap", "NanoCpus", "PidsLimit"})
    EXPECT_FALSE(Host(plan, kDocker).contains(absent)) << absent;
  EXPECT_EQ(Text(Host(plan, kDocker).at("Ulimits")), R"([{"Name":"core","Soft":0,"Hard":0}])");

  plan.spec.memory_bytes = 5'000'000'000;
  plan.spec.cpus = 3;
  plan.spec.max_processes = 70;
  for (const EngineInfo& engine : {kDocker, kPodman}) {
    const json::object host = Host(plan, engine);
    EXPECT_EQ(Text(host.at("Memory")), "5000000000");
    EXPECT_EQ(host.at("MemorySwap"), host.at("Memory")) << "no swap";
    EXPECT_EQ(Text(host.at("NanoCpus")), "3000000000");
    EXPECT_EQ(Text(host.at("PidsLimit")), "70");
  }
  const std::string limits = Text(Host(plan, kPodman).at("Ulimits"));
  for (const char* name : {R"("core")", R"("nofile")", R"("nproc")"})
    EXPECT_THAT(limits, HasSubstr(name)) << "naming one drops what is configured";
}

TEST(ContainerSpec, MountsArePrivateBinds) {
  ContainerPlan plan = Plan();
  plan.mounts = {{"in", "/host/a b", "/data/in", env::Access::kReadOnly},
                 {"out", "/host/out", "/data/out", env::Access::kReadWrite}};
  EXPECT_EQ(Text(Host(plan, kDocker).at("Mounts")),
            R"([{"Type":"bind","Source":"/host/a b","Target":"/data/in","ReadOnly":true,)"
            R"("BindOptions":{"Propagation":"rprivate"}},)"
            R"({"Type":"bind","Source":"/host/out","Target":"/data/out","ReadOnly":false,)"
            R"("BindOptions":{"Propagation":"rprivate"}}])");
}

TEST(ContainerSpec, DockerIsAskedForGpusByRequest) {
  ContainerPlan plan = Plan();
  plan.spec.gpus = 2;
  EXPECT_EQ(Text(Host(plan, kDocker).at("DeviceRequests")),
            R"([{"Driver":"","Capabilities":[["gpu"]],"Count":2}])");
  plan.spec.gpu_ids = {"0", "GPU-1"};
  EXPECT_EQ(Text(Host(plan, kDocker).at("DeviceRequests")),
            R"([{"Driver":"","Capabilities":[["gpu"]],"DeviceIDs":["0","GPU-1"]}])");
  EXPECT_FALSE(Host(plan, kDocker).contains("Devices"));
}

TEST(ContainerSpec, PodmanIsAskedForGpusByTheirNames) {
  ContainerPlan plan = Plan();
  plan.spec.gpus = 2;
  EXPECT_EQ(Text(Host(plan, kPodman).at("Devices")),
            R"([{"PathOnHost":"nvidia.com/gpu=0"},{"PathOnHost":"nvidia.com/gpu=1"}])");
  plan.spec.gpu_ids = {"3", "GPU-1"};
  EXPECT_EQ(Text(Host(plan, kPodman).at("Devices")),
            R"([{"PathOnHost":"nvidia.com/gpu=3"},{"PathOnHost":"nvidia.com/gpu=GPU-1"}])");
  EXPECT_FALSE(Host(plan, kPodman).contains("DeviceRequests")) << "ignored without a word";
}

TEST(ContainerSpec, ANetworkOfItsOwnWhereItReachesOutside) {
  ContainerPlan plan = Plan();
  plan.spec.network = env::Network::kOutside;
  EXPECT_EQ(Text(Host(plan, kDocker).at("NetworkMode")), R"("e-run-infer.owner")");
  const json::object network = NetworkBody(plan);
  EXPECT_EQ(Text(network.at("Name")), R"("e-run-infer.owner")");
  EXPECT_EQ(Text(network.at("Driver")), R"("bridge")");
  EXPECT_EQ(network.at("Labels"), ContainerBody(plan, kDocker).at("Labels"));
}

TEST(ContainerSpec, LabelsSayWhatAnotherProcessMustKnow) {
  ContainerPlan plan = Plan();
  plan.command.timeout = std::chrono::milliseconds(1500);
  plan.log_start = 7;
  const Labels labels = LabelsOf(plan);
  EXPECT_EQ(LabelIn(labels, kLabelMade), "1");
  EXPECT_EQ(LabelIn(labels, kLabelEnv), "e-run-infer");
  EXPECT_EQ(LabelIn(labels, kLabelIdentity), "abc");
  EXPECT_EQ(LabelIn(labels, kLabelWorkspace), "/w");
  EXPECT_EQ(LabelIn(labels, kLabelOwner), "e-run-infer.owner");
  EXPECT_EQ(LabelIn(labels, kLabelImage), "example/model:1");
  EXPECT_EQ(NumberIn(labels, kLabelTimeout), 1500);
  EXPECT_EQ(NumberIn(labels, kLabelLogStart), 7);
  EXPECT_EQ(NumberIn(labels, kLabelTmpBytes), 1000);
  EXPECT_EQ(NumberIn(labels, "vlmhb.none"), 0);
  for (const auto& [name, value] : labels) EXPECT_THAT(name, StartsWith("vlmhb"));
  plan.command.timeout.reset();
  EXPECT_EQ(LabelIn(LabelsOf(plan), kLabelTimeout), "");
}

}  // namespace
}  // namespace vlmhb::docker
