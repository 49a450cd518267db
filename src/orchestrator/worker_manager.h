#pragma once
// Slots of capacity, and who holds them. A stage is given to this machine only while its cores,
// memory and GPUs are free, so that runs side by side do not slow each other down unseen.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/plan.h"

namespace vlmhb::orchestrator {

struct Capacity {
  int64_t cpus = 1;
  int64_t memory_bytes = 0;
  std::vector<std::string> gpus;  // their ids
};

// Cores that this process may use, memory and GPUs of this machine.
Capacity DetectCapacity();

// What one stage holds.
struct Slots {
  plan::Resources resources;
  std::vector<std::string> gpus;  // as many as resources.gpus
};

class WorkerManager {
 public:
  explicit WorkerManager(Capacity capacity) : capacity_(capacity), free_(std::move(capacity)) {}

  const Capacity& capacity() const { return capacity_; }

  // kInvalidConfig, with the amount missing, if the stage could never run here.
  Result<void> CheckFits(const plan::Stage& stage) const;
  // Takes what the stage needs, or nothing. `held`: the GPUs that it uses already; it gets these if
  // they are free.
  std::optional<Slots> TryTake(const plan::Resources& resources,
                               const std::vector<std::string>& held = {});
  void Release(const Slots& slots);

 private:
  Capacity capacity_;
  Capacity free_;
};

}  // namespace vlmhb::orchestrator
