// Frames of the plug-in protocol: how the stream is cut does not matter, and every message is
// understood or refused by both sides.

#include "fuzz.h"
#include "worker/protocol.h"

namespace vlmhb::fuzz {
namespace {

struct Stream {
  std::vector<json::object> messages;
  bool broken = false;
};

Stream Decode(std::string_view input, size_t piece) {
  Stream stream;
  worker::FrameDecoder decoder(/*max_frame_bytes=*/4096);
  while (!stream.broken && !input.empty()) {
    decoder.Feed(input.substr(0, piece));
    input.remove_prefix(std::min(piece, input.size()));
    while (true) {
      auto message = decoder.Next();
      stream.broken = !message.ok();
      if (!message.ok() || !message->has_value()) break;
      stream.messages.push_back(std::move(**message));
    }
  }
  return stream;
}

void TestMessage(const json::object& message) {
  const auto request = worker::ParseRequest(message);
  if (request.ok()) {
    if (const auto* generate = std::get_if<worker::GenerateRequest>(&*request))
      (void)worker::ReadPrompt(generate->messages).ok();
  }
  const auto reply = worker::ParseReply(message);
  if (!reply.ok()) return;
  const json::object again = std::visit([](const auto& r) { return ToMessage(r); }, *reply);
  CHECK(worker::ParseReply(again).ok(), "what was understood is understood again");
  CHECK(worker::EncodeFrame(again).ok(), "and fits into a frame");
}

}  // namespace

void Test(std::string_view input) {
  const Stream whole = Decode(input, std::max<size_t>(input.size(), 1));
  const Stream bytes = Decode(input, 1);
  CHECK(whole.broken == bytes.broken, "a cut does not break or mend a stream");
  CHECK(whole.messages == bytes.messages, "a cut does not change messages");
  for (const json::object& message : whole.messages) TestMessage(message);
}

}  // namespace vlmhb::fuzz
