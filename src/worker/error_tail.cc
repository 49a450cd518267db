#include "worker/error_tail.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"

namespace vlmhb::worker {
namespace {

constexpr size_t kLines = 20;
constexpr size_t kLineBytes = 500;
constexpr int kMaxReads = 64;  // of one Drain

}  // namespace

void ErrorTail::Take(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t end = std::min(bytes.find('\n'), bytes.size());
    const size_t room = kLineBytes - std::min(kLineBytes, line_.size());
    line_ += bytes.substr(0, std::min(end, room));
    if (end == bytes.size()) return;
    bytes.remove_prefix(end + 1);
    if (on_line_) on_line_(line_);
    if (!Trim(line_).empty()) lines_.emplace_back(Trim(line_));
    line_.clear();
    if (lines_.size() > kLines) lines_.pop_front();
  }
}

void ErrorTail::Drain(int fd) {
  std::array<char, 4096> chunk;
  for (int i = 0; i < kMaxReads; ++i) {
    const ssize_t n = ::read(fd, chunk.data(), chunk.size());
    if (n <= 0) break;
    Take(std::string_view(chunk.data(), static_cast<size_t>(n)));
  }
  if (!line_.empty()) Take("\n");
}

std::string ErrorTail::Summary() const {
  if (lines_.empty()) return "";
  const std::vector<std::string> lines(lines_.begin(), lines_.end());
  return "; its last messages: " + SanitizeUtf8(Join(lines, " | "));
}

}  // namespace vlmhb::worker
