#include "orchestrator/worker_manager.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"
#include "os/gpu.h"

namespace vlmhb::orchestrator {

Capacity DetectCapacity() {
  Capacity capacity;
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) capacity.cpus = CPU_COUNT(&allowed);
  capacity.memory_bytes = static_cast<int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  for (os::Gpu& gpu : os::DetectGpus().gpus) capacity.gpus.push_back(std::move(gpu.id));
  return capacity;
}

Result<void> WorkerManager::CheckFits(const plan::Stage& stage) const {
  const auto lacks = [&](std::string_view what, int64_t wanted, int64_t present) {
    return Error(
        ErrorCode::kInvalidConfig,
        fmt::format("{} needs {} {}, this machine offers {}; lower the model's `resources` "
                    "or use a larger machine",
                    stage.id, wanted, what, present));
  };
  const plan::Resources& needed = stage.resources;
  if (needed.cpus > capacity_.cpus) return lacks("CPU cores", needed.cpus, capacity_.cpus);
  if (needed.memory_bytes > capacity_.memory_bytes)
    return lacks("bytes of memory", needed.memory_bytes, capacity_.memory_bytes);
  if (const int64_t gpus = std::ssize(capacity_.gpus); needed.gpus > gpus)
    return lacks("GPUs", needed.gpus, gpus);
  return {};
}

std::optional<Slots> WorkerManager::TryTake(const plan::Resources& resources,
                                            const std::vector<std::string>& held) {
  if (resources.cpus > free_.cpus || resources.memory_bytes > free_.memory_bytes ||
      resources.gpus > std::ssize(free_.gpus))
    return std::nullopt;
  free_.cpus -= resources.cpus;
  free_.memory_bytes -= resources.memory_bytes;
  // Those that it has already come first.
  std::stable_partition(free_.gpus.begin(), free_.gpus.end(), [&](const std::string& gpu) {
    return std::find(held.begin(), held.end(), gpu) != held.end();
  });
  Slots slots{.resources = resources};
  const auto taken = free_.gpus.begin() + resources.gpus;
  slots.gpus.assign(free_.gpus.begin(), taken);
  free_.gpus.erase(free_.gpus.begin(), taken);
  return slots;
}

void WorkerManager::Release(const Slots& slots) {
  free_.cpus += slots.resources.cpus;
  free_.memory_bytes += slots.resources.memory_bytes;
  free_.gpus.insert(free_.gpus.end(), slots.gpus.begin(), slots.gpus.end());
  CHECK(free_.cpus <= capacity_.cpus && free_.memory_bytes <= capacity_.memory_bytes &&
            free_.gpus.size() <= capacity_.gpus.size(),
        "only what was taken is released");
}

}  // namespace vlmhb::orchestrator
