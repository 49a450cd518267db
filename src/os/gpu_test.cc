#include "os/gpu.h"

#include <gtest/gtest.h>

#include <fstream>

namespace vlmhb::os {
namespace {

class GpuTest : public testing::Test {
 protected:
  void Write(const std::string& file, std::string_view text) {
    const Path path = folder_.path() / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void AddGpu(const std::string& bus, const std::string& id, const std::string& minor) {
    Write("proc/driver/nvidia/gpus/" + bus + "/information",
          "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 77\nGPU UUID: \t " + id +
              "\nVideo BIOS: \t 96.00\nBus Location: \t " + bus + "\nDevice Minor: \t " + minor +
              "\nGPU Excluded:\t No\n");
  }
  GpuHost Detect() { return DetectGpus(folder_.path() / "proc", folder_.path() / "dev"); }

  const TempFolder folder_;
};

TEST_F(GpuTest, AMachineWithoutADriverHasNone) {
  EXPECT_EQ(Detect().driver, "");
  EXPECT_TRUE(Detect().gpus.empty());
}

TEST_F(GpuTest, GpusAreFoundByBusAddress) {
  Write("proc/driver/nvidia/version",
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.129.03  Thu Oct 19 18:56:32 UTC 2023\n"
        "GCC version:  gcc version 12.2.0\n");
  AddGpu("0000:9a:00.0", "GPU-aaaa-1", "1");
  AddGpu("0000:18:00.0", "GPU-bbbb-2", "0");
  Write("dev/nvidia0", "");
  Write("dev/nvidia1", "");
  Write("dev/nvidiactl", "");
  const GpuHost host = Detect();
  EXPECT_EQ(host.driver, "535.129.03");
  ASSERT_EQ(host.gpus.size(), 2u);
  EXPECT_EQ(host.gpus[0].id, "GPU-bbbb-2");
  EXPECT_EQ(host.gpus[0].model, "NVIDIA H100 80GB HBM3");
  EXPECT_EQ(host.gpus[1].minor, 1);
  const Path dev = folder_.path() / "dev";
  EXPECT_EQ(GpuDevices(host.gpus[1], dev), (std::vector<Path>{dev / "nvidia1", dev / "nvidiactl"}));
}

TEST_F(GpuTest, OneThatCannotBeUsedIsLeftOut) {
  AddGpu("0000:01:00.0", "GPU-aaaa-1", "0");  // no device
  AddGpu("0000:02:00.0", "GPU-????????", "1");
  AddGpu("0000:03:00.0", "GPU-cccc-3", "x");
  for (const char* device : {"dev/nvidia1", "dev/nvidia2"}) Write(device, "");
  EXPECT_TRUE(Detect().gpus.empty());
}

}  // namespace
}  // namespace vlmhb::os
