#include "docker/start_failure.h"

#include <gtest/gtest.h>

namespace vlmhb::docker {
namespace {

// The messages are the engines' own: Docker 20.10, Docker 30, Podman 4.3.
TEST(StartFailure, IsKnownByTheEnginesMessage) {
  ContainerPlan plan;
  plan.init = false;
  const struct {
    const char* message;
    StartFailure failure;
  } cases[] = {
      {R"(runc create failed: exec: "nothing": executable file not found in $PATH: unknown)",
       StartFailure::kNoProgram},
      {R"(exec: "/x": stat /x: no such file or directory: unknown)", StartFailure::kNoProgram},
      {R"(exec: "/usr": is a directory: unknown)", StartFailure::kNotRunnable},
      {R"(exec: "/etc/passwd": permission denied: unknown)", StartFailure::kNotRunnable},
      {"error mounting \"/x\" to rootfs: no such file or directory", StartFailure::kOther},
      {"no space left on device", StartFailure::kOther},
      {"", StartFailure::kOther}};
  for (const auto& each : cases)
    EXPECT_EQ(ClassifyStartFailure(each.message, plan), each.failure) << each.message;
}

TEST(StartFailure, OnlyWhatWasAskedForCanBeMissing) {
  ContainerPlan plan;
  plan.init = false;
  const char* no_gpu = R"(could not select device driver "" with capabilities: [[gpu]])";
  const char* no_cdi = "setting up CDI devices: unresolvable CDI devices nvidia.com/gpu=0";
  EXPECT_EQ(ClassifyStartFailure(no_gpu, plan), StartFailure::kOther);
  plan.spec.gpus = 1;
  for (const char* message : {no_gpu, no_cdi, "failed to discover GPU vendor from CDI"})
    EXPECT_EQ(ClassifyStartFailure(message, plan), StartFailure::kNoGpu) << message;

  const char* no_init = R"(exec: "docker-init": executable file not found in $PATH)";
  EXPECT_EQ(ClassifyStartFailure(no_init, plan), StartFailure::kNoProgram);
  plan.init = true;
  EXPECT_EQ(ClassifyStartFailure(no_init, plan), StartFailure::kNoInitBinary);
  EXPECT_EQ(ClassifyStartFailure("lookup catatonit: file not found", plan),
            StartFailure::kNoInitBinary);
}

}  // namespace
}  // namespace vlmhb::docker
