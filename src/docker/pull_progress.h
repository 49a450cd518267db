#pragma once
// Reads what an engine says while it pulls or loads an image: one JSON object a line. Incremental:
// chunks may end anywhere. Pure; not thread-safe.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "env/env_manager.h"

namespace vlmhb::docker {

class PullProgress {
 public:
  // Whether the numbers have changed. What is not JSON is skipped; lines and layers are bounded.
  bool Feed(std::string_view chunk);
  // Takes the last line, if the stream did not end with a newline.
  void Finish();

  const env::PullProgress& total() const { return total_; }
  // A pull that fails halfway is a successful HTTP response with this in its stream.
  const std::optional<std::string>& error_message() const { return error_; }

 private:
  struct Layer {
    bool done = false;
    int64_t bytes_done = 0;
    int64_t bytes_total = 0;
  };
  void TakeLine();
  void TakeLayer(const std::string& id, const std::string& status, const json::object& line);
  bool Recount();

  std::string line_;
  bool too_long_ = false;
  std::map<std::string, Layer> layers_;
  env::PullProgress total_;
  std::optional<std::string> error_;
};

// The kind of failure, which engines tell only by its text: kPermission, kUnavailable (the
// registry), kNotFound, or kInternal.
ErrorCode PullErrorCode(std::string_view message);

}  // namespace vlmhb::docker
