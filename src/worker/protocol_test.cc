#include "worker/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vlmhb::worker {
namespace {

using testing::HasSubstr;

// A frame around any payload, also one that EncodeFrame would never make.
std::string RawFrame(std::string_view payload) {
  std::string frame;
  for (int shift = 0; shift < 32; shift += 8)
    frame += static_cast<char>(payload.size() >> shift & 0xFF);
  return frame + std::string(payload);
}

TEST(Frame, LengthIsLittleEndianAndCountsThePayload) {
  const auto frame = EncodeFrame({{"type", "shutdown"}});
  ASSERT_TRUE(frame.ok());
  EXPECT_EQ(*frame, std::string("\x13\0\0\0", 4) + R"({"type":"shutdown"})");
}

TEST(Frame, TooLargeToEncodeIsRefused) {
  const auto frame = EncodeFrame({{"type", "delta"}, {"text", std::string(kMaxFrameBytes, 'a')}});
  ASSERT_FALSE(frame.ok());
  EXPECT_EQ(frame.error().code(), ErrorCode::kInvalidConfig);
  EXPECT_THAT(frame.error().message(), HasSubstr("'delta'"));
}

TEST(FrameDecoder, EverySplitGivesTheSameMessages) {
  const std::string stream = RawFrame(R"({"a":1})") + RawFrame("{}") + RawFrame(R"({"я":"ю"})");
  for (size_t first = 0; first <= stream.size(); ++first) {
    for (size_t second = first; second <= stream.size(); ++second) {
      FrameDecoder decoder;
      std::string seen;
      size_t begin = 0;
      for (const size_t end : {first, second, stream.size()}) {
        decoder.Feed(std::string_view(stream).substr(begin, end - begin));
        begin = end;
        while (true) {
          auto message = decoder.Next();
          ASSERT_TRUE(message.ok()) << message.error().ToString();
          if (!message->has_value()) break;
          seen += ToJson(**message);
        }
      }
      ASSERT_EQ(seen, R"({"a":1}{}{"я":"ю"})") << first << " " << second;
      ASSERT_TRUE(decoder.empty());
    }
  }
}

TEST(FrameDecoder, HostileLengthIsRefusedBeforeItsBytesCome) {
  FrameDecoder decoder;
  decoder.Feed("\xFF\xFF\xFF\xFF");
  const auto message = decoder.Next();
  ASSERT_FALSE(message.ok());
  EXPECT_EQ(message.error().code(), ErrorCode::kCorrupt);
  EXPECT_THAT(message.error().message(), HasSubstr("4294967295"));
}

TEST(FrameDecoder, TheLimitItselfIsAllowed) {
  FrameDecoder decoder(/*max_frame_bytes=*/7);
  decoder.Feed(RawFrame(R"({"a":1})"));
  EXPECT_TRUE(decoder.Next().ok());
  decoder.Feed(RawFrame(R"({"a":12})"));
  EXPECT_FALSE(decoder.Next().ok());
}

TEST(FrameDecoder, BadPayloadsAreCorrupt) {
  const std::string deep(65, '[');
  for (const std::string& payload :
       {std::string(), std::string("[1]"), std::string("{"), std::string("{} {}"),
        std::string("{\"a\":\"\xFF\"}"), std::string("{\"a\":\0}", 7), "{\"a\":" + deep}) {
    FrameDecoder decoder;
    decoder.Feed(RawFrame(payload));
    const auto message = decoder.Next();
    ASSERT_FALSE(message.ok()) << payload;
    EXPECT_EQ(message.error().code(), ErrorCode::kCorrupt);
    EXPECT_FALSE(decoder.Next().ok()) << "the stream stays unusable";
  }
}

TEST(FrameDecoder, AnUnfinishedFrameIsNotEmpty) {
  FrameDecoder decoder;
  EXPECT_TRUE(decoder.empty());
  decoder.Feed(std::string_view("\x02\0\0\0{", 5));
  const auto message = decoder.Next();
  ASSERT_TRUE(message.ok());
  EXPECT_FALSE(message->has_value());
  EXPECT_FALSE(decoder.empty());
}

TEST(Request, GenerateSurvivesTheRoundTrip) {
  GenerateRequest request;
  request.id = 7;
  request.messages = {{{"role", "user"}, {"content", "hi"}}};
  request.params = {{"max_tokens", 5}};
  const auto parsed = ParseRequest(ToMessage(request));
  ASSERT_TRUE(parsed.ok()) << parsed.error().ToString();
  const auto& read = std::get<GenerateRequest>(*parsed);
  EXPECT_EQ(read.id, 7);
  EXPECT_EQ(read.messages, request.messages);
  EXPECT_EQ(read.params, request.params);
}

TEST(Request, TheOthersSurviveTheRoundTrip) {
  EXPECT_EQ(std::get<HelloRequest>(*ParseRequest(ToMessage(HelloRequest{3}))).protocol, 3);
  EXPECT_EQ(std::get<CancelRequest>(*ParseRequest(ToMessage(CancelRequest{9}))).id, 9);
  const auto load = ParseRequest(ToMessage(LoadRequest{{{"languages", "eng"}}}));
  EXPECT_EQ(FindString(std::get<LoadRequest>(*load).params, "languages"), "eng");
  EXPECT_TRUE(std::holds_alternative<ShutdownRequest>(*ParseRequest(ToMessage(ShutdownRequest{}))));
}

TEST(Request, AnUnknownTypeIsNamedAndNotAnError) {
  const auto parsed = ParseRequest({{"type", "dance"}});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(std::get<UnknownRequest>(*parsed).type, "dance");
}

TEST(Request, WrongKeysAreNamed) {
  const auto expect = [](json::object message, std::string_view text) {
    const auto parsed = ParseRequest(std::move(message));
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code(), ErrorCode::kInvalidConfig);
    EXPECT_THAT(parsed.error().message(), HasSubstr(std::string(text)));
  };
  expect({}, "'type'");
  expect({{"type", 5}}, "'type'");
  expect({{"type", "hello"}}, "'protocol'");
  expect({{"type", "load"}}, "'params'");
  expect({{"type", "generate"}, {"id", 1}}, "'messages'");
  expect({{"type", "generate"}, {"id", "1"}, {"messages", json::array()}}, "'id'");
}

TEST(Reply, DeltaAndHelloSurviveTheRoundTrip) {
  const auto delta = ParseReply(ToMessage(DeltaReply{7, "текст"}));
  ASSERT_TRUE(delta.ok());
  EXPECT_EQ(std::get<DeltaReply>(*delta).id, 7);
  EXPECT_EQ(std::get<DeltaReply>(*delta).text, "текст");
  const auto hello = ParseReply(ToMessage(HelloReply{1, "model", "tesseract", "5.3.0"}));
  ASSERT_TRUE(hello.ok());
  EXPECT_EQ(std::get<HelloReply>(*hello).name, "tesseract");
  EXPECT_EQ(std::get<HelloReply>(*hello).version, "5.3.0");
  EXPECT_TRUE(std::holds_alternative<LoadedReply>(*ParseReply(ToMessage(LoadedReply{}))));
}

TEST(Reply, UsageIsAbsentUnlessCounted) {
  EXPECT_FALSE(ToMessage(DoneReply{1}).contains("usage"));
  EXPECT_FALSE(std::get<DoneReply>(*ParseReply(ToMessage(DoneReply{1}))).usage.has_value());

  const DoneReply done{1, FinishReason::kLength, Usage{std::nullopt, 12}};
  const auto parsed = ParseReply(ToMessage(done));
  ASSERT_TRUE(parsed.ok());
  const auto& read = std::get<DoneReply>(*parsed);
  EXPECT_EQ(read.finish_reason, FinishReason::kLength);
  ASSERT_TRUE(read.usage.has_value());
  EXPECT_FALSE(read.usage->prompt_tokens.has_value());
  EXPECT_EQ(read.usage->completion_tokens, 12);
}

TEST(Reply, RequestsAtATimeAndMemoryOfGpus) {
  EXPECT_FALSE(ToMessage(LoadedReply{}).contains("requests"));
  EXPECT_EQ(std::get<LoadedReply>(*ParseReply({{"type", "loaded"}})).requests, 1);
  EXPECT_EQ(std::get<LoadedReply>(*ParseReply(ToMessage(LoadedReply{8}))).requests, 8);
  for (const json::value& wrong :
       {json::value(0), json::value(-1), json::value(257), json::value("8"), json::value(1.5)})
    EXPECT_FALSE(ParseReply({{"type", "loaded"}, {"requests", wrong}}).ok());

  DoneReply done{1};
  EXPECT_FALSE(ToMessage(done).contains("gpu_memory_bytes"));
  done.gpu_memory_bytes = 5'000'000'000;
  EXPECT_EQ(std::get<DoneReply>(*ParseReply(ToMessage(done))).gpu_memory_bytes, 5'000'000'000);
}

TEST(Reply, ErrorsSurviveTheRoundTripAndNewCodesAreInternal) {
  const ErrorReply error{7, PluginErrorCode::kBadImage, "cannot read a.png", true};
  const auto parsed = ParseReply(ToMessage(error));
  ASSERT_TRUE(parsed.ok());
  const auto& read = std::get<ErrorReply>(*parsed);
  EXPECT_EQ(read.id, 7);
  EXPECT_EQ(read.code, PluginErrorCode::kBadImage);
  EXPECT_EQ(read.message, "cannot read a.png");
  EXPECT_TRUE(read.retryable);

  const auto other =
      ParseReply({{"type", "error"}, {"id", nullptr}, {"code", "on_fire"}, {"message", "m"}});
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(std::get<ErrorReply>(*other).code, PluginErrorCode::kInternal);
  EXPECT_FALSE(std::get<ErrorReply>(*other).id.has_value());
}

TEST(Reply, WrongMessagesAreCorrupt) {
  const std::vector<json::object> wrong = {
      {},
      {{"type", "sing"}},
      {{"type", "delta"}, {"id", 1}},
      {{"type", "delta"}, {"id", 1}, {"text", 5}},
      {{"type", "done"}, {"id", 1}, {"finish_reason", "bored"}},
      {{"type", "done"},
       {"id", 1},
       {"finish_reason", "stop"},
       {"usage", {{"completion_tokens", -1}}}},
      {{"type", "error"}, {"code", "internal"}},
      {{"type", "hello"}, {"protocol", 1}},
  };
  for (const json::object& message : wrong) {
    const auto parsed = ParseReply(message);
    ASSERT_FALSE(parsed.ok()) << ToJson(message);
    EXPECT_EQ(parsed.error().code(), ErrorCode::kCorrupt);
  }
}

json::array Messages(std::string_view text) { return ParseJson(text)->get_array(); }

TEST(Prompt, TextOfTheUserAndImagesOfAllInOrder) {
  const auto prompt = ReadPrompt(Messages(R"([
      {"role":"system","content":"be brief"},
      {"role":"user","content":[{"type":"image","path":"/a.png"},{"type":"text","text":"Name?"},
                                {"type":"image","media_type":"image/png","data":"AAAA"}]},
      {"role":"user","content":"And date?"}])"));
  ASSERT_TRUE(prompt.ok()) << prompt.error().ToString();
  EXPECT_EQ(prompt->text, "Name?\nAnd date?");
  ASSERT_EQ(prompt->images.size(), 2u);
  EXPECT_EQ(prompt->images[0].path, "/a.png");
  EXPECT_EQ(prompt->images[1].data, "AAAA");
  EXPECT_EQ(prompt->images[1].media_type, "image/png");
}

TEST(Prompt, WrongShapesAreNamed) {
  const auto expect = [](std::string_view messages, std::string_view text) {
    const auto prompt = ReadPrompt(Messages(messages));
    ASSERT_FALSE(prompt.ok()) << messages;
    EXPECT_EQ(prompt.error().code(), ErrorCode::kInvalidConfig);
    EXPECT_THAT(prompt.error().message(), HasSubstr(std::string(text)));
  };
  expect(R"([{"role":"user","content":"x"}, 5])", "messages[1]");
  expect(R"([{"role":"user"}])", "'content'");
  expect(R"([{"role":"user","content":[5]}])", "not an object");
  expect(R"([{"role":"user","content":[{"type":"video"}]}])", "'video'");
  expect(R"([{"role":"user","content":[{"type":"text"}]}])", "'text'");
  expect(R"([{"role":"user","content":[{"type":"image"}]}])", "'path' or 'data'");
  expect(R"([{"role":"user","content":[{"type":"image","path":"/a","data":"AA=="}]}])", "either");
  expect(R"([{"role":"user","content":[{"type":"image","path":"a.png"}]}])", "not absolute");
}

}  // namespace
}  // namespace vlmhb::worker
