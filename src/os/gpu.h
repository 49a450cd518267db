#pragma once
// The NVIDIA GPUs of this machine as their driver describes them in /proc. NVML says more, but a
// static program cannot load it. GPUs that are split (MIG) are seen whole. Other makers' are not
// seen.

#include <string>
#include <vector>

#include "os/file.h"

namespace vlmhb::os {

struct Gpu {
  std::string id;     // "GPU-<uuid>", what CUDA_VISIBLE_DEVICES and container engines take
  std::string model;  // "NVIDIA H100 80GB HBM3"
  std::string bus;    // "0000:18:00.0"
  int minor = 0;      // of its device, /dev/nvidia<minor>
};

struct GpuHost {
  std::string driver;     // its version, "535.129.03"; "" without one
  std::vector<Gpu> gpus;  // by bus address
};

// Reads `proc`/driver/nvidia. A GPU that is described badly, or has no device, is left out.
GpuHost DetectGpus(const Path& proc = "/proc", const Path& dev = "/dev");

// The devices that a program using `gpu` needs, as far as they are there: its own and those that
// all share.
std::vector<Path> GpuDevices(const Gpu& gpu, const Path& dev = "/dev");

}  // namespace vlmhb::os
