#pragma once
// Server-sent events (text/event-stream, WHATWG HTML 9.2): an incremental reader that does not
// care where chunks end, and the writer's counterpart. Pure; not thread-safe.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vlmhb::http {

// Valid during the callback only.
struct SseEvent {
  std::string_view name;  // the `event` field, usually empty
  std::string_view data;  // the `data` lines joined by '\n'
};

class SseParser {
 public:
  using OnEvent = std::function<void(const SseEvent&)>;

  // An event (or line) longer than `max_event_bytes` is refused.
  explicit SseParser(OnEvent on_event, size_t max_event_bytes = 16u << 20);

  // Calls `on_event` for every event completed by `chunk`. Comments, unknown fields and events
  // without data are skipped; what is unfinished when the input ends is dropped, as the standard
  // says. kCorrupt for an oversized event; feed nothing more after that.
  Result<void> Feed(std::string_view chunk);
  // True where what comes next begins an event: at the begin, and right behind an empty line.
  bool between_events() const { return line_.empty() && !in_event_ && !after_cr_; }

 private:
  void TakeLine(std::string_view line);
  void Dispatch();

  OnEvent on_event_;
  size_t max_event_bytes_;
  std::string line_;  // an unfinished line from earlier chunks
  std::string data_;
  std::string name_;
  bool in_event_ = false;   // a line has come since the last empty one
  bool after_cr_ = false;   // a LF that follows belongs to the CR before it
  bool first_line_ = true;  // a byte order mark may precede it
};

// Appends one event with this data to `out`, one `data:` line per line of `data`.
void AppendSseEvent(std::string& out, std::string_view data);

}  // namespace vlmhb::http
