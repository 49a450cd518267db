#pragma once
// A stream of server-sent events, cut anywhere: gives the data of each, without a copy where an
// event is whole in what came, as it nearly always is.

#include <string_view>

#include "base/result.h"
#include "http/sse.h"

namespace vlmhb::load {

class StreamScanner {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    // Valid during the call only.
    virtual void OnData(std::string_view data) = 0;
  };

  // `sink` outlives it. Not movable.
  explicit StreamScanner(Sink& sink)
      : sink_(sink), slow_([&sink](const http::SseEvent& event) { sink.OnData(event.data); }) {}
  StreamScanner(const StreamScanner&) = delete;
  StreamScanner& operator=(const StreamScanner&) = delete;

  // As http::SseParser::Feed.
  Result<void> Feed(std::string_view piece);
  // Whether the stream may end here: no event has begun.
  bool between_events() const { return slow_.between_events(); }

 private:
  Sink& sink_;
  http::SseParser slow_;  // what has begun and is not whole yet, and unusual forms
  bool begun_ = false;    // the slow one has seen the first line, which may have a byte order mark
};

}  // namespace vlmhb::load
