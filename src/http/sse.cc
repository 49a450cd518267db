#include "http/sse.h"

#include <fmt/format.h>

#include "base/csv.h"

namespace vlmhb::http {

SseParser::SseParser(OnEvent on_event, size_t max_event_bytes)
    : on_event_(std::move(on_event)), max_event_bytes_(max_event_bytes) {}

Result<void> SseParser::Feed(std::string_view chunk) {
  while (!chunk.empty()) {
    if (after_cr_ && chunk.front() == '\n') chunk.remove_prefix(1);
    after_cr_ = false;
    const size_t end = chunk.find_first_of("\r\n");
    const std::string_view piece = chunk.substr(0, end);
    if (line_.size() + piece.size() + data_.size() > max_event_bytes_)
      return Error(ErrorCode::kCorrupt,
                   fmt::format("an event of the stream is longer than {} bytes", max_event_bytes_));
    if (end == std::string_view::npos) {
      line_ += piece;
      return {};
    }
    after_cr_ = chunk[end] == '\r';
    chunk.remove_prefix(end + 1);
    if (line_.empty()) {  // the usual case: no copy
      TakeLine(piece);
    } else {
      line_ += piece;
      TakeLine(line_);
      line_.clear();
    }
  }
  return {};
}

void SseParser::TakeLine(std::string_view line) {
  if (first_line_ && line.substr(0, kUtf8Bom.size()) == kUtf8Bom)
    line.remove_prefix(kUtf8Bom.size());
  first_line_ = false;
  in_event_ = !line.empty();
  if (line.empty()) return Dispatch();
  const size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value;
  if (colon != std::string_view::npos) value = line.substr(colon + 1);
  if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (field == "data") {
    data_ += value;
    data_ += '\n';
  } else if (field == "event") {
    name_ = value;
  }
}

void SseParser::Dispatch() {
  if (!data_.empty()) {
    const std::string_view data = std::string_view(data_).substr(0, data_.size() - 1);
    on_event_(SseEvent{name_, data});
  }
  data_.clear();
  name_.clear();
}

void AppendSseEvent(std::string& out, std::string_view data) {
  while (true) {
    const size_t end = data.find_first_of("\r\n");
    out += "data: ";
    out += data.substr(0, end);
    out += '\n';
    if (end == std::string_view::npos) break;
    const bool crlf = data[end] == '\r' && end + 1 < data.size() && data[end + 1] == '\n';
    data.remove_prefix(end + (crlf ? 2 : 1));
  }
  out += '\n';
}

}  // namespace vlmhb::http
