#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inference/attempt.h"
#include "inference/chat_request.h"
#include "inference/chat_stream.h"
#include "inference/spec.h"

namespace vlmhb::inference {
namespace {

using store::Outcome;
using testing::HasSubstr;

// Feeds events that arrive a millisecond apart, the first at 1 ms.
ChatAnswer Feed(const std::vector<std::string>& events) {
  ChatAnswer answer;
  Nanos at{};
  for (const std::string& event : events) AddChatEvent(event, at += Millis(1), answer);
  return answer;
}

http::Response Answered(int status = 200, std::string body = "") {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  response.send_begin = Nanos(0);
  response.send_end = Millis(1);
  return response;
}

TEST(ChatStream, ARoleAloneIsNoToken) {
  // As vLLM sends it: the role first, usage in a chunk without choices.
  const ChatAnswer answer = Feed(
      {R"({"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]})",
       R"({"choices":[{"index":0,"delta":{"content":"Hel"},"finish_reason":null}]})",
       R"({"choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}]})",
       R"({"choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}]})",
       R"({"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}})",
       "[DONE]"});
  EXPECT_EQ(answer.text, "Hello");
  EXPECT_EQ(answer.finish_reason, "stop");
  EXPECT_EQ(answer.token_events, 2);
  EXPECT_EQ(answer.first_token_at, Millis(2));
  EXPECT_EQ(answer.last_token_at, Millis(3));
  EXPECT_EQ(answer.finished_at, Millis(4));
  EXPECT_EQ(answer.prompt_tokens, 7);
  EXPECT_EQ(answer.completion_tokens, 3);
  EXPECT_DOUBLE_EQ(*TimePerOutputToken(answer), 0.5);
}

TEST(ChatStream, ReasoningAndToolCallsAreTokensButNoText) {
  const ChatAnswer answer =
      Feed({R"({"choices":[{"delta":{"reasoning_content":"hm"}}]})",
            R"({"choices":[{"delta":{"reasoning":"hm"}}]})",
            R"({"choices":[{"delta":{"tool_calls":[{"index":0}]}}]})",
            R"({"choices":[{"delta":{"tool_calls":[]}}]})", R"({"prompt_progress":{"total":3}})",
            R"({"choices":[{"delta":{"content":"x"}}]})"});
  EXPECT_EQ(answer.text, "x");
  EXPECT_EQ(answer.token_events, 4);
  EXPECT_EQ(answer.first_token_at, Millis(1));
  EXPECT_EQ(answer.finish_reason, "");
}

TEST(ChatStream, UsageMayRideOnTheLastChunk) {
  const ChatAnswer answer = Feed(
      {R"({"choices":[{"delta":{"content":"x"}}],"usage":null})",
       R"({"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"completion_tokens":1}})"});
  EXPECT_EQ(answer.completion_tokens, 1);
  EXPECT_FALSE(answer.prompt_tokens.has_value());
  EXPECT_FALSE(TimePerOutputToken(answer).has_value()) << "one token has no interval";
}

TEST(ChatStream, OneEventForManyTokensHasNoInterval) {
  const ChatAnswer answer = Feed({R"({"choices":[{"delta":{"content":"all"}}]})",
                                  R"({"choices":[],"usage":{"completion_tokens":9}})"});
  EXPECT_FALSE(TimePerOutputToken(answer).has_value());
}

TEST(ChatStream, TheWrappersFiguresAreTakenNullMeaningUnmeasured) {
  const ChatAnswer answer =
      Feed({R"({"choices":[],"performance":{"ttft_ms":null,"latency_ms":2.5,"queue_ms":0}})"});
  EXPECT_FALSE(answer.performance.ttft_ms.has_value());
  EXPECT_EQ(answer.performance.latency_ms, 2.5);
  EXPECT_EQ(answer.performance.queue_ms, 0.0);
}

TEST(ChatStream, OddEventsDoNoHarm) {
  for (const char* odd : {"{}", R"({"choices":3})", R"({"choices":[3]})", R"({"choices":[{}]})",
                          R"({"choices":[{"delta":{"content":4}}]})", R"({"usage":[]})",
                          R"({"error":"x"})", R"({"choices":[{"finish_reason":7}]})"}) {
    const ChatAnswer answer = Feed({odd});
    EXPECT_EQ(answer.token_events, 0) << odd;
    EXPECT_FALSE(answer.error.has_value()) << odd;
  }
  for (const char* broken : {"", "[]", "{", "3"})
    EXPECT_EQ(Feed({broken}).error->outcome, Outcome::kIncomplete) << broken;
}

TEST(Judge, AFinishedStreamIsAnAnswer) {
  const auto chunk = [](const char* reason) {
    return fmt::format(R"({{"choices":[{{"delta":{{}},"finish_reason":"{}"}}]}})", reason);
  };
  AttemptResult result = Judge(Answered(), Feed({chunk("stop")}));
  EXPECT_EQ(result.row.outcome, Outcome::kOk);
  EXPECT_EQ(result.row.http_status, 200);
  EXPECT_EQ(result.row.latency_ms, 1.0);
  EXPECT_EQ(result.row.upload_ms, 1.0);
  EXPECT_EQ(result.row.events, 0);
  EXPECT_FALSE(result.row.ttft_ms.has_value()) << "no token event came";
  EXPECT_EQ(Judge(Answered(), Feed({chunk("length")})).row.outcome, Outcome::kTruncated);
  EXPECT_EQ(Judge(Answered(), Feed({chunk("cancelled")})).row.outcome, Outcome::kIncomplete);
}

TEST(Judge, AStreamWithoutAFinishReasonIsIncomplete) {
  const AttemptResult result =
      Judge(Answered(), Feed({R"({"choices":[{"delta":{"content":"x"}}]})"}));
  EXPECT_EQ(result.row.outcome, Outcome::kIncomplete);
  EXPECT_TRUE(result.retryable);
  EXPECT_EQ(result.row.ttft_ms, 1.0);
  EXPECT_FALSE(result.row.latency_ms.has_value());
}

TEST(Judge, ErrorsKeepTheirKindAndWhetherARetryHelps) {
  struct Case {
    int status;
    const char* body;
    Outcome outcome;
    bool retryable;
  };
  for (const Case& c : {
           Case{422, R"({"error":{"code":"bad_image","message":"m","retryable":false}})",
                Outcome::kBadImage, false},
           Case{502, R"({"error":{"code":"crashed","message":"m","retryable":true}})",
                Outcome::kCrashed, true},
           Case{502, R"({"error":{"code":"protocol_error","message":"m"}})", Outcome::kCrashed,
                true},
           Case{504, R"({"error":{"code":"timeout","message":"m","retryable":false}})",
                Outcome::kTimeout, false},
           Case{400, R"({"error":{"type":"invalid_request_error","code":null,"message":"m"}})",
                Outcome::kBadRequest, false},
           Case{500, R"({"error":{"code":"out_of_memory","message":"m"}})", Outcome::kInternal,
                false},
           Case{503, "m", Outcome::kHttpError, true},
           Case{404, "m", Outcome::kHttpError, false},
       }) {
    const AttemptResult result = Judge(Answered(c.status, c.body), {});
    EXPECT_EQ(result.row.outcome, c.outcome) << c.body;
    EXPECT_EQ(result.retryable, c.retryable) << c.body;
    EXPECT_THAT(result.row.error, HasSubstr("m"));
    EXPECT_EQ(result.row.http_status, c.status);
    EXPECT_FALSE(result.row.events.has_value());
  }
}

TEST(Judge, TransportFailuresAskForTheWrapper) {
  for (const auto& [code, outcome] :
       std::vector<std::pair<ErrorCode, Outcome>>{{ErrorCode::kTimeout, Outcome::kTimeout},
                                                  {ErrorCode::kUnavailable, Outcome::kUnavailable},
                                                  {ErrorCode::kIo, Outcome::kIncomplete},
                                                  {ErrorCode::kCorrupt, Outcome::kHttpError}}) {
    const AttemptResult result = Judge(Error(code, "m"), {});
    EXPECT_EQ(result.row.outcome, outcome);
    EXPECT_TRUE(result.retryable);
    EXPECT_TRUE(result.ask_wrapper);
    EXPECT_FALSE(result.row.http_status.has_value());
  }
  EXPECT_FALSE(Judge(Error(ErrorCode::kNoSpace, "m"), {}).retryable)
      << "an answer that is too long";
  EXPECT_TRUE(Judge(Error(ErrorCode::kCancelled, "m"), {}).cancelled);
}

TEST(ChatRequest, HasSystemImageTextAndSampling) {
  EXPECT_EQ(
      ChatRequestBody("m", {.system = "s", .user = "u", .image_urls = {"/i.png", "/j.png"}},
                      {{"max_tokens", 5}}),
      R"({"max_tokens":5,"model":"m","messages":[{"role":"system","content":"s"},)"
      R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"/i.png"}},)"
      R"({"type":"image_url","image_url":{"url":"/j.png"}},)"
      R"({"type":"text","text":"u"}]}],"stream":true,"stream_options":{"include_usage":true}})");
  EXPECT_THAT(ChatRequestBody("m", {.system = "", .user = "u", .image_urls = {""}}, {}),
              testing::Not(HasSubstr("system")));
}

TEST(ChatRequest, ADataUriNamesTheTypeByContent) {
  const os::TempFolder folder;
  const auto uri = [&](std::string_view bytes) {
    EXPECT_TRUE(os::WriteFileAtomic(folder.path() / "i.png", bytes).ok());
    return *DataUri(folder.path() / "i.png");
  };
  EXPECT_EQ(uri("\x89PNG"), "data:image/png;base64,iVBORw==");
  EXPECT_THAT(uri("\xFF\xD8\xFF"), HasSubstr("image/jpeg"));
  EXPECT_THAT(uri("RIFF1234WEBP"), HasSubstr("image/webp"));
  EXPECT_EQ(uri(""), "data:application/octet-stream;base64,");
  EXPECT_EQ(DataUri(folder.path() / "none").error().code(), ErrorCode::kNotFound);
  std::filesystem::resize_file(folder.path() / "i.png", 100u << 20);
  EXPECT_THAT(DataUri(folder.path() / "i.png").error().message(), HasSubstr("104857600 bytes"));
}

json::object StageJson() {
  return ParseJson(R"({"schema":"vlmhb.stage/1","stage":"infer","run":"r","identity":"i",
    "output":"/out","infer":{"model":{"name":"m","version":"1","command":["w"],"params":{"a":1},
    "processes":2},"dataset":{"root":"/d","annotation":"/d/a.csv"},"prompt":{"fixed":"f"},
    "sampling":{"max_tokens":5},"concurrency":3,"timeout_ms":1000,"attempts":2,
    "image_transport":"data","wrapper":["/vlmhb","wrapper"]}})")
      ->as_object();
}

TEST(InferSpec, IsReadFromStageJson) {
  const auto spec = ParseInferSpec(StageJson());
  ASSERT_TRUE(spec.ok()) << spec.error().ToString();
  EXPECT_EQ(spec->identity, "i");
  EXPECT_EQ(spec->model.processes, 2);
  EXPECT_EQ(spec->model.params.at("a"), 1);
  EXPECT_EQ(spec->prompt.fixed, "f");
  EXPECT_EQ(spec->timeout, Millis(1000));
  EXPECT_EQ(spec->image_transport, ImageTransport::kData);
  EXPECT_FALSE(spec->retry_failed);
  EXPECT_EQ(spec->wrapper, (std::vector<std::string>{"/vlmhb", "wrapper"}));
}

TEST(InferSpec, ErrorsNameTheMember) {
  const auto message = [](std::string_view key, const json::value& value) {
    json::object stage = StageJson();
    stage["infer"].as_object()[key] = value;
    const auto spec = ParseInferSpec(stage);
    return spec.ok() ? std::string("accepted") : spec.error().message();
  };
  EXPECT_THAT(message("concurrency", 0), HasSubstr("'concurrency' is 0, expected 1 to 4096"));
  EXPECT_THAT(message("attempts", "2"), HasSubstr("'attempts' is not an integer"));
  EXPECT_THAT(message("timeout_ms", -5), HasSubstr("'timeout_ms'"));
  EXPECT_THAT(message("image_transport", "ftp"), HasSubstr("expected 'file' or 'data'"));
  EXPECT_THAT(message("wrapper", json::array{}), HasSubstr("'wrapper' is not a command"));
  EXPECT_THAT(message("wrapper", json::array{"a", 1}), HasSubstr("'wrapper' is not a command"));
  EXPECT_THAT(message("sampling", json::object{{"model", "x"}}), HasSubstr("'model'"));
  EXPECT_THAT(message("model", json::object{}), HasSubstr("'name' is missing"));
  json::object report = StageJson();
  report["stage"] = "report";
  EXPECT_EQ(ParseInferSpec(report).error().code(), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace vlmhb::inference
