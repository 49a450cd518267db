#pragma once
// events.jsonl (docs/formats/stage.md): what a stage tells about its progress while it runs. Never
// the truth: lines may be lost, counts are repeated in result.json.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/result.h"
#include "os/file.h"

namespace vlmhb::store {

inline constexpr std::string_view kEventsFile = "events.jsonl";

struct StageEvent {
  std::string type;  // "started", "progress", "log", "error", "finished"
  uint64_t total = 0;
  uint64_t done = 0;
  uint64_t failed = 0;
  std::string level;    // of "log": "info" or "warning"
  std::string code;     // of "error": ErrorCodeName
  std::string message;  // of "log" and "error"
  std::string status;   // of "finished": "ok" or "some_failed"
};

// Appends to <folder>/events.jsonl. Failed writes are ignored: a full disk stops a stage where it
// loses answers, not here. Not thread-safe.
class EventWriter {
 public:
  static Result<EventWriter> Open(const os::Path& folder, const Clock& clock);

  void Started(uint64_t total, uint64_t done);
  // At most 10 a second reach the file. One that is held back does by the next Tick() after its
  // time, Finished() or Failed().
  void Progress(uint64_t done, uint64_t failed);
  void Tick();
  void Log(std::string_view level, std::string_view message);
  void Failed(const Error& error);
  void Finished(std::string_view status);

 private:
  EventWriter(os::Fd fd, const Clock& clock) : fd_(std::move(fd)), clock_(&clock) {}
  void FlushProgress();
  void Write(std::string line);

  os::Fd fd_;
  const Clock* clock_;
  uint64_t total_ = 0;
  uint64_t done_ = 0;
  uint64_t failed_ = 0;
  bool progress_pending_ = false;
  Nanos last_progress_{};
  bool line_cut_ = false;
};

// Follows an events file that another process appends to. Not thread-safe.
class EventReader {
 public:
  explicit EventReader(os::Path path) : path_(std::move(path)) {}

  // The events appended since the last call, oldest first: at most about 1 MiB of them, so call
  // again until nothing comes to catch up. A file that does not exist yet has no events; lines that
  // are no events are skipped. A file that became shorter is read from its start.
  Result<std::vector<StageEvent>> Poll();

 private:
  os::Path path_;
  uint64_t offset_ = 0;
  std::string partial_;  // a line whose end is not there yet
};

}  // namespace vlmhb::store
