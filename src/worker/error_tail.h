#pragma once
// What a plug-in says on standard error: every line to a log, the last ones kept for the message
// that tells why it ended. Bounded; not thread-safe.

#include <deque>
#include <functional>
#include <string>
#include <string_view>

namespace vlmhb::worker {

class ErrorTail {
 public:
  // Called with each line, cut to 500 bytes; may be empty.
  using OnLine = std::function<void(std::string_view line)>;
  explicit ErrorTail(OnLine on_line) : on_line_(std::move(on_line)) {}

  void Take(std::string_view bytes);
  // Takes what non-blocking descriptor `fd` has now, and ends a line that was begun. A descendant
  // that keeps the pipe open is not waited for.
  void Drain(int fd);
  // "; its last messages: a | b", in valid UTF-8; "" if it said nothing.
  std::string Summary() const;

 private:
  OnLine on_line_;
  std::string line_;  // unfinished
  std::deque<std::string> lines_;
};

}  // namespace vlmhb::worker
