#include "wrapper/wrapper.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "http/client.h"
#include "http/test_peer.h"

namespace vlmhb::wrapper {
namespace {

namespace asio = boost::asio;

using testing::ElementsAre;
using testing::HasSubstr;

// The whole wrapper on a thread of its own, asked over HTTP.
class WrapperTest : public testing::Test {
 protected:
  WrapperTest() {
    options_.listen = *http::Endpoint::Parse("unix:" + (folder_.path() / "s").string());
    options_.model = "scripted";
    options_.command = {VLMHB_SCRIPTED_WORKER};
    options_.load_params = {{"answer", "one two three"}, {"delta_count", 3}};
    options_.allow_file_roots = {folder_.path()};
    options_.log = folder_.path() / "wrapper.log";
  }
  void TearDown() override { Stop(); }

  void Start() {
    std::promise<std::string> listening;
    thread_ = std::thread([this, &listening] {
      ended_ = RunWrapper(options_, stop_, [&](std::string_view address) {
        listening.set_value(std::string(address));
      });
    });
    endpoint_ = *http::Endpoint::Parse(listening.get_future().get());
  }
  void StartBehaving(std::string_view behaviour) {
    ASSERT_TRUE(os::WriteFileAtomic(folder_.path() / "bad.png", "x").ok());
    ASSERT_TRUE(os::WriteFileAtomic(folder_.path() / "good.png", "x").ok());
    options_.load_params["behaviour"] = {{"bad.png", behaviour}};
    Start();
  }
  void Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    EXPECT_TRUE(ended_.ok()) << ended_.error().ToString();
  }

  http::Response Send(http::Request request, http::RequestOptions options = {}) {
    http::Connection connection(loop_.executor(), endpoint_);
    const auto response = loop_.Run([&] { return http::Boxed(connection.Send(request, options)); });
    loop_.Call([&] { connection.Close(); });
    EXPECT_TRUE((*response).ok()) << (*response).error().ToString();
    return (*response).ok() ? **response : http::Response{};
  }
  http::Response Get(std::string target) { return Send({.target = std::move(target)}); }
  std::string Body(std::string_view image, json::object more = {}) {
    json::object body = {{"model", "scripted"}};
    json::array parts = {{{"type", "text"}, {"text", "read"}}};
    if (!image.empty())
      parts.push_back(
          {{"type", "image_url"}, {"image_url", {{"url", (folder_.path() / image).string()}}}});
    body["messages"] = json::array{{{"role", "user"}, {"content", parts}}};
    for (auto& member : more) body[member.key()] = member.value();
    return ToJson(body);
  }
  http::Response Post(std::string body, http::RequestOptions options = {}) {
    return Send({.method = "POST", .target = "/v1/chat/completions", .body = std::move(body)},
                std::move(options));
  }
  std::vector<std::string> Stream(std::string body) {
    std::vector<std::string> events;
    http::RequestOptions options;
    options.on_event = [&](const http::SseEvent& event, Nanos) { events.emplace_back(event.data); };
    const http::Response response = Post(std::move(body), options);
    EXPECT_EQ(response.status, 200) << response.body;
    return events;
  }
  static json::value ErrorOf(const http::Response& response) {
    const Result<json::value> body = ParseJson(response.body);
    EXPECT_TRUE(body.ok()) << response.body;
    const json::object* object = body->if_object();
    EXPECT_TRUE(object != nullptr && object->contains("error")) << response.body;
    return object->at("error");
  }
  std::string PostRequest(const std::string& body) {
    return fmt::format("POST /v1/chat/completions HTTP/1.1\r\nContent-Length: {}\r\n\r\n{}",
                       body.size(), body);
  }
  bool LogHas(std::string_view text) {
    return loop_.Eventually([&] {
      const Result<std::string> log = os::ReadFile(options_.log);
      return log.ok() && log->find(text) != std::string::npos;
    });
  }
  // Asks until that many requests wait.
  bool QueueReaches(int64_t count) {
    for (int i = 0; i < 100'000; ++i)
      if (ParseJson(Get("/health").body)->at("queued").as_int64() == count) return true;
    return false;
  }

  os::TempFolder folder_;
  WrapperOptions options_;
  http::LoopThread loop_;
  http::Endpoint endpoint_;
  std::atomic<bool> stop_ = false;
  Result<void> ended_;
  std::thread thread_;
};

TEST_F(WrapperTest, AnswersAtOnceWithPerformance) {
  options_.load_params["usage"] = {{"prompt_tokens", 4}, {"completion_tokens", 3}};
  options_.load_params["delay_ms"] = 5;
  Start();
  const http::Response response = Post(Body(""));
  ASSERT_EQ(response.status, 200) << response.body;
  const json::value body = *ParseJson(response.body);
  EXPECT_EQ(body.at("object"), "chat.completion");
  EXPECT_EQ(body.at("model"), "scripted");
  const json::value& choice = body.at("choices").at(0);
  EXPECT_EQ(choice.at("message").at("content"), "one two three");
  EXPECT_EQ(choice.at("finish_reason"), "stop");
  EXPECT_EQ(body.at("usage").at("total_tokens"), 7);

  const json::value& performance = body.at("performance");
  const double ttft = performance.at("ttft_ms").as_double();
  const double tpot = performance.at("tpot_ms").as_double();
  const double latency = performance.at("latency_ms").as_double();
  EXPECT_GE(ttft, 5);
  EXPECT_GE(tpot, 5);
  // The last delta may be the end: the sum is then equal up to rounding.
  EXPECT_GE(latency + 1e-6, ttft + 2 * tpot);
  EXPECT_GE(performance.at("queue_ms").as_double(), 0);
  EXPECT_GT(performance.at("peak_memory_mb").as_double(), 0.1);
  EXPECT_EQ(FindHeader(response.headers, "X-TTFT-Ms"), fmt::format("{:.3f}", ttft));
  EXPECT_EQ(FindHeader(response.headers, "X-Latency-Ms"), fmt::format("{:.3f}", latency));
}

TEST_F(WrapperTest, WhatWasNotMeasuredIsNull) {
  options_.load_params = {{"answer", ""}};
  Start();
  const http::Response response = Post(Body(""));
  ASSERT_EQ(response.status, 200);
  const json::value body = *ParseJson(response.body);
  EXPECT_FALSE(body.as_object().contains("usage"));
  EXPECT_TRUE(body.at("performance").at("ttft_ms").is_null());
  EXPECT_TRUE(body.at("performance").at("tpot_ms").is_null());
}

TEST_F(WrapperTest, StreamsInOpenAiForm) {
  options_.load_params["usage"] = {{"prompt_tokens", 4}, {"completion_tokens", 3}};
  Start();
  const std::vector<std::string> events =
      Stream(Body("", {{"stream", true}, {"stream_options", {{"include_usage", true}}}}));
  ASSERT_EQ(events.size(), 7u);
  std::string text;
  for (size_t i = 0; i < 3; ++i) {
    const json::value delta = ParseJson(events[i])->at("choices").at(0).at("delta");
    EXPECT_EQ(delta.as_object().contains("role"), i == 0);
    text += delta.at("content").as_string();
  }
  EXPECT_EQ(text, "one two three");
  EXPECT_EQ(ParseJson(events[3])->at("choices").at(0).at("finish_reason"), "stop");
  EXPECT_EQ(ParseJson(events[4])->at("usage").at("completion_tokens"), 3);
  EXPECT_EQ(ParseJson(events[4])->at("choices").as_array().size(), 0u);
  EXPECT_EQ(ParseJson(events[5])->at("object"), "vlmhb.performance");
  EXPECT_TRUE(ParseJson(events[5])->at("performance").at("ttft_ms").is_double());
  EXPECT_EQ(events[6], "[DONE]");

  EXPECT_EQ(Stream(Body("", {{"stream", true}})).size(), 6u) << "usage only if asked for";
}

TEST_F(WrapperTest, ErrorsInAStreamComeAsTheStatusBeforeTheFirstDeltaAndAsAnEventAfterIt) {
  StartBehaving("crash_midway");
  const std::vector<std::string> events = Stream(Body("bad.png", {{"stream", true}}));
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(ParseJson(events[1])->at("error").at("code"), "crashed");
  Stop();

  stop_ = false;
  options_.load_params["behaviour"] = {{"bad.png", "crash"}};
  Start();
  const http::Response response = Post(Body("bad.png", {{"stream", true}}));
  EXPECT_EQ(response.status, 502);
  EXPECT_EQ(ErrorOf(response).at("code"), "crashed");
  EXPECT_EQ(ErrorOf(response).at("type"), "server_error");
  EXPECT_EQ(ErrorOf(response).at("retryable"), true);
}

TEST_F(WrapperTest, PluginErrorsAndTimeouts) {
  options_.timeout = Millis(1000);
  StartBehaving("error:bad_image");
  const http::Response bad = Post(Body("bad.png"));
  EXPECT_EQ(bad.status, 422);
  EXPECT_EQ(ErrorOf(bad).at("code"), "bad_image");
  Stop();

  stop_ = false;
  options_.load_params["behaviour"] = {{"bad.png", "hang"}};
  Start();
  const http::Response slow = Post(Body("bad.png"));
  EXPECT_EQ(slow.status, 504);
  EXPECT_EQ(ErrorOf(slow).at("code"), "timeout");
  EXPECT_EQ(Post(Body("good.png")).status, 200);
  Stop();

  stop_ = false;
  options_.timeout = Millis(300'000);
  options_.idle_timeout = Millis(500);
  Start();
  const http::Response idle = Post(Body("bad.png"));
  EXPECT_EQ(idle.status, 504);
  EXPECT_EQ(ErrorOf(idle).at("code"), "timeout");
}

TEST_F(WrapperTest, HealthAndModelsAndWrongRoutes) {
  Start();
  EXPECT_EQ(Post(Body("")).status, 200);
  const http::Response health = Get("/health");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(ParseJson(health.body)->at("status"), "ready");
  EXPECT_EQ(ParseJson(health.body)->at("processes"), 1);
  EXPECT_EQ(ParseJson(Get("/v1/models?x").body)->at("data").at(0).at("id"), "scripted");
  EXPECT_EQ(Get("/nothing").status, 404);
  EXPECT_EQ(Get("/v1/chat/completions").status, 405);
  EXPECT_EQ(Send({.method = "POST", .target = "/health"}).status, 405);
}

TEST_F(WrapperTest, HealthWhileLoadingAndWhenNothingCanBeLoaded) {
  options_.load_params = {{"hang_on_load", true}};
  Start();
  const http::Response loading = Get("/health");
  EXPECT_EQ(loading.status, 503);
  EXPECT_EQ(ParseJson(loading.body)->at("status"), "loading");
  Stop();

  stop_ = false;
  options_.load_params = {{"no_such_parameter", true}};
  Start();
  EXPECT_EQ(Post(Body("")).status, 503);  // waits while it loads, then learns that it was in vain
  const http::Response failed = Get("/health");
  EXPECT_EQ(failed.status, 503);
  EXPECT_EQ(ParseJson(failed.body)->at("status"), "unavailable");
  EXPECT_THAT(std::string(ParseJson(failed.body)->at("error").as_string()),
              HasSubstr("no_such_parameter"));
}

TEST_F(WrapperTest, HostileBodies) {
  options_.max_body_bytes = 1u << 20;
  Start();
  const std::string bodies[] = {"",
                                "{",
                                "null",
                                "\xFF\xFE",
                                std::string(100'000, '['),
                                R"({"model":"scripted","messages":7})",
                                Body("", {{"max_tokens", -1}}),
                                std::string(1000, '\0')};
  for (const std::string& body : bodies) {
    const http::Response response = Post(body);
    EXPECT_EQ(response.status, 400) << body.substr(0, 60);
    EXPECT_EQ(ErrorOf(response).at("code"), "bad_request");
  }
  EXPECT_EQ(ErrorOf(Post(Body("../outside.png"))).at("code"), "bad_request");
  http::RawPeer peer = http::RawPeer::ConnectTo(endpoint_);
  peer.Send("POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n");
  EXPECT_THAT(peer.ReadAll(), HasSubstr(" 413 "));
  EXPECT_EQ(Post(Body("")).status, 200);
}

TEST_F(WrapperTest, ManyClientsAtOnce) {
  options_.processes = 3;
  options_.load_params = {{"answer", "{prompt}"}};
  Start();
  std::vector<std::unique_ptr<http::Connection>> connections;
  std::vector<http::Request> requests(50);
  std::vector<std::future<std::optional<Result<http::Response>>>> responses;
  const http::RequestOptions options;
  for (size_t i = 0; i < requests.size(); ++i) {
    requests[i] = {.method = "POST", .target = "/v1/chat/completions"};
    requests[i].body = fmt::format(
        R"({{"model":"scripted","messages":[{{"role":"user","content":"request {}"}}]}})", i);
    connections.push_back(std::make_unique<http::Connection>(loop_.executor(), endpoint_));
    responses.push_back(asio::co_spawn(loop_.executor(),
                                       http::Boxed(connections[i]->Send(requests[i], options)),
                                       asio::use_future));
  }
  for (size_t i = 0; i < responses.size(); ++i) {
    const Result<http::Response> response = *responses[i].get();
    ASSERT_TRUE(response.ok()) << response.error().ToString();
    EXPECT_EQ(
        ParseJson(response->body)->at("choices").at(0).at("message").at("content").as_string(),
        fmt::format("request {}", i));
  }
  loop_.Call([&] { connections.clear(); });
}

TEST_F(WrapperTest, AClientThatLeavesFreesItsProcess) {
  StartBehaving("hang");
  ASSERT_EQ(Post(Body("good.png")).status, 200);
  http::RawPeer running = http::RawPeer::ConnectTo(endpoint_);
  running.Send(PostRequest(Body("bad.png")));
  http::RawPeer waiting = http::RawPeer::ConnectTo(endpoint_);
  waiting.Send(PostRequest(Body("good.png")));
  ASSERT_TRUE(QueueReaches(1));
  waiting.Close();
  ASSERT_TRUE(QueueReaches(0));
  running.Close();
  // The hanging process is killed after the grace, and another takes its place.
  EXPECT_EQ(Post(Body("good.png")).status, 200);
  EXPECT_TRUE(LogHas("killed by signal 9"));
}

TEST_F(WrapperTest, StopsWithinItsTimeWhateverRuns) {
  StartBehaving("hang");
  http::RawPeer running = http::RawPeer::ConnectTo(endpoint_);
  running.Send(PostRequest(Body("bad.png")));
  ASSERT_TRUE(LogHas("loaded"));
  const auto begin = std::chrono::steady_clock::now();
  Stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
  EXPECT_FALSE(std::filesystem::exists(endpoint_.unix_path));
}

TEST_F(WrapperTest, WhatItCannotListenOnIsAnError) {
  options_.listen.unix_path = "/nonexistent/s";
  const Result<void> result =
      RunWrapper(options_, stop_, [](std::string_view) { FAIL() << "it listens"; });
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message(), HasSubstr("/nonexistent/s"));
}

}  // namespace
}  // namespace vlmhb::wrapper
