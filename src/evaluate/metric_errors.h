#pragma once
// metric_errors.csv: the samples on which a metric's plug-in failed, and why. There is no such file
// where none did.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "os/file.h"

namespace vlmhb::evaluate {

// Written row by row, published as a whole. Not thread-safe.
class MetricErrors {
 public:
  static constexpr std::string_view kFile = "metric_errors.csv";

  explicit MetricErrors(os::Path folder) : folder_(std::move(folder)) {}

  Result<void> Add(uint64_t id, std::string_view metric, std::string_view error);
  // How many there were.
  Result<uint64_t> Publish();

 private:
  os::Path folder_;
  std::optional<os::AtomicFile> file_;  // once there is one
  uint64_t count_ = 0;
};

}  // namespace vlmhb::evaluate
