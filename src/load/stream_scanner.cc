#include "load/stream_scanner.h"

#include <cstring>

namespace vlmhb::load {
namespace {

constexpr std::string_view kData = "data: ";

// The usual event, "data: ...\n\n": its data, whole and of one line, is taken off `piece`.
bool TakeUsual(std::string_view& piece, std::string_view& data) {
  if (!piece.starts_with(kData)) return false;
  const void* found = std::memchr(piece.data() + kData.size(), '\n', piece.size() - kData.size());
  if (found == nullptr) return false;
  const auto end = static_cast<size_t>(static_cast<const char*>(found) - piece.data());
  if (end + 1 >= piece.size() || piece[end + 1] != '\n') return false;
  data = piece.substr(kData.size(), end - kData.size());
  // A CR ends a line, too.
  if (std::memchr(data.data(), '\r', data.size()) != nullptr) return false;
  piece.remove_prefix(end + 2);
  return true;
}

// Behind the end of the next event, or everything.
size_t OneEvent(std::string_view piece) {
  const size_t end = piece.find("\n\n");
  return end == std::string_view::npos ? piece.size() : end + 2;
}

}  // namespace

Result<void> StreamScanner::Feed(std::string_view piece) {
  while (!piece.empty()) {
    std::string_view data;
    if (begun_ && slow_.between_events() && TakeUsual(piece, data)) {
      sink_.OnData(data);
      continue;
    }
    const size_t size = OneEvent(piece);
    VLMHB_TRY(slow_.Feed(piece.substr(0, size)));
    piece.remove_prefix(size);
    begun_ = true;
  }
  return {};
}

}  // namespace vlmhb::load
