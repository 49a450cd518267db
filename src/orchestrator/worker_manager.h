#pragma once
// Slots of capacity, and who holds them. A stage is given to this machine only while its cores,
// memory and GPUs are free, so that runs side by side do not slow each other down unseen.

#include <cstdint>

#include "base/result.h"
#include "plan/plan.h"

namespace vlmhb::orchestrator {

struct Capacity {
  int64_t cpus = 1;
  int64_t memory_bytes = 0;
  int64_t gpus = 0;
};

// Cores this process may use and memory of this machine (the cgroup's limit if that is lower).
Capacity DetectCapacity();

class WorkerManager {
 public:
  explicit WorkerManager(Capacity capacity) : capacity_(capacity), free_(capacity) {}

  const Capacity& capacity() const { return capacity_; }

  // kInvalidConfig, with the amount missing, if the stage could never run here.
  Result<void> CheckFits(const plan::Stage& stage) const;
  // Takes what the stage needs, or nothing and false.
  bool TryTake(const plan::Resources& resources);
  void Release(const plan::Resources& resources);

 private:
  Capacity capacity_;
  Capacity free_;
};

}  // namespace vlmhb::orchestrator
