// Server-sent events: how the stream is cut does not matter; what is written can be read.

#include "fuzz.h"
#include "http/sse.h"

namespace vlmhb::fuzz {
namespace {

struct Seen {
  std::string events;
  bool ok = true;
};

Seen Read(std::string_view input, size_t piece) {
  Seen seen;
  http::SseParser parser(
      [&](const http::SseEvent& event) {
        seen.events.append(event.name).append("\x1f").append(event.data).append("\x1e");
      },
      /*max_event_bytes=*/2048);
  InPieces(input, piece, [&](std::string_view part) { return seen.ok = parser.Feed(part).ok(); });
  return seen;
}

}  // namespace

void Test(std::string_view input) {
  const Seen whole = Read(input, std::max<size_t>(input.size(), 1));
  const Seen bytes = Read(input, 1);
  CHECK(whole.ok == bytes.ok, "a cut does not break or mend a stream");
  CHECK(whole.events == bytes.events, "a cut does not change events");

  if (input.size() > 1000 || input.find('\r') != std::string_view::npos) return;
  std::string written;
  http::AppendSseEvent(written, input);
  const Seen back = Read(written, 7);
  CHECK(back.ok, "what was written is well-formed");
  CHECK(input.empty() || back.events == "\x1f" + std::string(input) + "\x1e",
        "data survives the round trip");
}

}  // namespace vlmhb::fuzz
