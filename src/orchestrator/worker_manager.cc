#include "orchestrator/worker_manager.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include "base/check.h"

namespace vlmhb::orchestrator {

Capacity DetectCapacity() {
  Capacity capacity;
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) capacity.cpus = CPU_COUNT(&allowed);
  capacity.memory_bytes = static_cast<int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
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
  if (needed.gpus > capacity_.gpus) return lacks("GPUs", needed.gpus, capacity_.gpus);
  return {};
}

bool WorkerManager::TryTake(const plan::Resources& resources) {
  if (resources.cpus > free_.cpus || resources.memory_bytes > free_.memory_bytes ||
      resources.gpus > free_.gpus)
    return false;
  free_.cpus -= resources.cpus;
  free_.memory_bytes -= resources.memory_bytes;
  free_.gpus -= resources.gpus;
  return true;
}

void WorkerManager::Release(const plan::Resources& resources) {
  free_.cpus += resources.cpus;
  free_.memory_bytes += resources.memory_bytes;
  free_.gpus += resources.gpus;
  CHECK(free_.cpus <= capacity_.cpus && free_.memory_bytes <= capacity_.memory_bytes,
        "only what was taken is released");
}

}  // namespace vlmhb::orchestrator
