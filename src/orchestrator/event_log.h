#pragma once
// events.jsonl of an experiment: one line per change of a stage, for `vlmhb status` and for people.
// Not the truth (result.json is), so lines are not synced.

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "os/file.h"

namespace vlmhb::orchestrator {

class EventLog {
 public:
  EventLog(os::Path path, const Clock& clock) : path_(std::move(path)), clock_(clock) {}

  // Appends one line, with `at` set to now. The first failure is kept in status().
  void Append(json::object event);
  const Result<void>& status() const { return status_; }

 private:
  os::Path path_;
  const Clock& clock_;
  os::Fd fd_;
  Result<void> status_;
};

}  // namespace vlmhb::orchestrator
