#include "env/env_manager.h"

#include <fmt/format.h>

namespace vlmhb::env {

std::string ToString(const TaskStatus& status) {
  struct Visitor {
    std::string operator()(const Running&) const { return "running"; }
    std::string operator()(const Exited& exited) const {
      return fmt::format("exit code {}", exited.code);
    }
    std::string operator()(const Signaled& signaled) const {
      return signaled.out_of_memory ? "killed: out of memory"
                                    : fmt::format("killed by signal {}", signaled.signal);
    }
    std::string operator()(const TimedOut&) const { return "timed out"; }
    std::string operator()(const Lost& lost) const { return fmt::format("lost: {}", lost.reason); }
  };
  return std::visit(Visitor{}, status);
}

}  // namespace vlmhb::env
