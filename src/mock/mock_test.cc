#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <atomic>
#include <future>
#include <thread>

#include "base/json.h"
#include "base/text.h"
#include "http/stream.h"
#include "mock/server.h"
#include "net/loop.h"
#include "os/file.h"

namespace vlmhb::mock {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kStream = R"({"model":"mock","messages":[],"stream":true})";
constexpr std::string_view kPlain = R"({"model":"mock","messages":[]})";

// A client's socket that blocks, for a few seconds at most.
class Client {
 public:
  explicit Client(const http::Endpoint& endpoint) {
    const auto address = http::SystemEndpoint(endpoint);
    fd_ = os::Fd(::socket(address.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    EXPECT_EQ(::connect(fd_.get(), address.data(), static_cast<socklen_t>(address.size())), 0);
  }

  void Send(std::string_view bytes) {
    EXPECT_EQ(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  void Ask(std::string_view body, std::string_view more = "") {
    Send("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n" + std::string(more) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  }
  // Reads until `end` was seen, or the connection ends.
  std::string ReadTo(std::string_view end) {
    std::string text;
    char buffer[4096];
    while (text.find(end) == std::string::npos) {
      const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
      error_ = n < 0 ? errno : 0;
      if (n <= 0) break;
      text.append(buffer, static_cast<size_t>(n));
    }
    return text;
  }
  std::string ReadAll() { return ReadTo("\x01 never \x01"); }
  int error() const { return error_; }

 private:
  os::Fd fd_;
  int error_ = 0;
};

class MockTest : public testing::Test {
 protected:
  ~MockTest() override { Stop(); }

  void Start() {
    std::promise<std::string> listening;
    thread_ = std::thread([this, &listening] {
      ended_ = RunMock(options_, stop_, [&](std::string_view address) {
        listening.set_value(std::string(address));
      });
    });
    endpoint_ = *http::Endpoint::Parse(listening.get_future().get());
  }
  void Stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    EXPECT_TRUE(ended_.ok());
  }
  Client Connect() { return Client(endpoint_); }
  // The whole answer to one request on a connection of its own.
  std::string Answer(std::string_view body) {
    Client client = Connect();
    client.Ask(body, "Connection: close\r\n");
    return client.ReadAll();
  }
  void Always(std::string_view fault) {
    options_.faults = {*ParseFault(std::string(fault) + "=1")};
    options_.tokens = 4;
    Start();
  }

  os::TempFolder folder_;
  Options options_{.listen = *http::Endpoint::Parse("127.0.0.1:0")};
  http::Endpoint endpoint_;
  std::atomic<bool> stop_ = false;
  Result<void> ended_;
  std::thread thread_;
};

// The data of a stream's events, one a line.
std::string Events(std::string_view response) {
  std::string events;
  for (const std::string_view line : Split(response, '\n'))
    if (line.starts_with("data: ")) events += std::string(line.substr(6)) + "\n";
  return events;
}

size_t Count(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; at += part.size())
    ++count;
  return count;
}

TEST_F(MockTest, APlainAnswer) {
  options_.tokens = 3;
  Start();
  const std::string answer = Answer(kPlain);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("X-Mock-Request: 0\r\n"));
  const json::value body = *ParseJson(answer.substr(answer.find("\r\n\r\n") + 4));
  EXPECT_EQ(body.at("choices").at(0).at("message").at("content"), "mock mock mock ");
  EXPECT_EQ(body.at("usage").at("completion_tokens"), 3);
}

TEST_F(MockTest, AStreamHasItsEventsAndEndsAsItShould) {
  options_.tokens = 5;
  options_.tokens_per_event = 2;
  Start();
  const std::string answer = Answer(kStream);
  EXPECT_THAT(answer, AllOf(HasSubstr("Transfer-Encoding: chunked"), EndsWith("0\r\n\r\n")));
  const std::string events = Events(answer);
  EXPECT_EQ(Count(events, "\"content\":\"mock"), 3u);
  EXPECT_EQ(Count(events, "mock mock "), 2u);
  EXPECT_EQ(Count(events, "\"role\":\"assistant\""), 1u);
  EXPECT_EQ(Count(events, "\"finish_reason\":\"stop\""), 1u);
  EXPECT_THAT(events, AllOf(Not(HasSubstr("usage")), EndsWith("[DONE]\n")));
  EXPECT_THAT(Events(Answer(R"({"stream":true,"stream_options":{"include_usage":true}})")),
              HasSubstr("\"completion_tokens\":5"));
}

TEST_F(MockTest, ManyRequestsOnOneConnectionAlsoSentAhead) {
  options_.tokens = 1;
  Start();
  Client client = Connect();
  for (int i = 0; i < 5; ++i) client.Ask(kPlain);
  const std::string answers = client.ReadTo("X-Mock-Request: 4\r\n");
  EXPECT_EQ(Count(answers, "HTTP/1.1 200 OK"), 5u);
}

TEST_F(MockTest, ABodyInPiecesAndOneThatIsAskedFor) {
  options_.tokens = 1;
  Start();
  Client client = Connect();
  client.Send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
      "Content-Length: 2000013\r\n\r\n");
  EXPECT_EQ(client.ReadTo("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("{\"image\":\"");
  client.Send(std::string(2'000'000, 'A'));
  client.Send("\" }");
  EXPECT_THAT(client.ReadTo("X-Mock-Request: 0\r\n"), StartsWith("HTTP/1.1 200 OK"));
}

TEST_F(MockTest, OtherRoutesAndWrongRequests) {
  Start();
  Client client = Connect();
  client.Send("GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadTo("]}"), HasSubstr("\"id\":\"mock\""));
  client.Send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadTo("}"), HasSubstr("ready"));
  client.Send("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.ReadTo("}}"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Answer("[1]"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Answer("{\"stream\":"), StartsWith("HTTP/1.1 400 "));
  Client rude = Connect();
  rude.Send("this is no HTTP\r\n\r\n");
  EXPECT_THAT(rude.ReadAll(), StartsWith("HTTP/1.1 400 "));
}

TEST_F(MockTest, EventsComeWhenTheyAreDueAndTheRecordSaysSo) {
  options_.ttft = Millis(20);
  options_.gap = Millis(5);
  options_.tokens = 3;
  options_.record = (folder_.path() / "record.csv").string();
  Start();
  const Nanos begin = net::Now();
  Client client = Connect();
  client.Ask(kStream);
  const std::string first = client.ReadTo("mock ");
  EXPECT_GE(net::Now() - begin, Millis(20));
  client.ReadTo("0\r\n\r\n");
  EXPECT_GE(net::Now() - begin, Millis(30));
  EXPECT_THAT(Answer(kPlain), HasSubstr("X-Mock-Request: 1"));
  Stop();
  const std::string record = *os::ReadFile(options_.record);
  const std::vector<std::string_view> lines = Split(record, '\n');
  ASSERT_GE(lines.size(), 3u);
  const std::vector<std::string_view> cells = Split(lines[1], ';');
  ASSERT_EQ(cells.size(), 8u);
  const auto at = [&](size_t i) { return std::stoll(std::string(cells[i])); };
  EXPECT_EQ(cells[0], "0");
  EXPECT_GE(at(2) - at(1), 20'000'000);
  EXPECT_GE(at(3) - at(1), 30'000'000);
  EXPECT_GE(at(4), at(3));
  EXPECT_EQ(cells[5], "3");
  EXPECT_EQ(cells[7], "ok");
  EXPECT_EQ(Split(lines[2], ';')[2], "") << "a plain answer has no first event";
}

TEST_F(MockTest, TheHeadMayComeBeforeTheFirstToken) {
  options_.early_head = true;
  options_.latency = std::chrono::minutes(10);
  Start();
  Client client = Connect();
  client.Ask(kStream);
  const std::string early = client.ReadTo("assistant");
  EXPECT_THAT(early, AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("\"content\":\"\"")));
}

TEST_F(MockTest, TooManyRequestsAndErrorsHaveTheirStatus) {
  options_.retry_after_s = 7;
  Always("429");
  EXPECT_THAT(Answer(kStream), AllOf(StartsWith("HTTP/1.1 429 "), HasSubstr("Retry-After: 7\r\n")));
}

TEST_F(MockTest, AUnixSocketIsServedAndRemovedAtTheEnd) {
  const os::Path path = folder_.path() / "mock.sock";
  options_.listen = *http::Endpoint::Parse("unix:" + path.string());
  Start();
  EXPECT_THAT(Answer(kPlain), StartsWith("HTTP/1.1 200 OK"));
  Stop();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(MockTest, AServerError) {
  Always("500");
  EXPECT_THAT(Answer(kPlain), StartsWith("HTTP/1.1 500 "));
}

TEST_F(MockTest, AReset) {
  Always("reset");
  Client client = Connect();
  client.Ask(kPlain);
  EXPECT_EQ(client.ReadAll(), "");
  EXPECT_EQ(client.error(), ECONNRESET);
}

TEST_F(MockTest, StallsKeepTheConnectionUntilTheClientLeaves) {
  options_.record = (folder_.path() / "record.csv").string();
  options_.faults = {*ParseFault("stall-after=1")};
  Start();
  {
    Client client = Connect();
    client.Ask(kStream);
    EXPECT_EQ(Count(client.ReadTo("mock "), "content"), 1u);
  }
  const auto recorded = [this] { return os::ReadFile(options_.record)->find("stall-after"); };
  Stop();
  EXPECT_NE(recorded(), std::string::npos);
}

TEST_F(MockTest, AStallBeforeTheFirstByte) {
  Always("stall-before");
  Client client = Connect();
  client.Ask(kStream);
  Stop();  // cuts it off
  EXPECT_EQ(client.ReadAll(), "");
}

TEST_F(MockTest, ACutStreamEndsInTheMiddle) {
  Always("cut");
  const std::string answer = Answer(kStream);
  EXPECT_THAT(answer, AllOf(HasSubstr("mock "), Not(HasSubstr("[DONE]"))));
  EXPECT_THAT(answer, Not(EndsWith("\r\n")));
}

TEST_F(MockTest, GarbageIsNoHttp) {
  Always("garbage");
  EXPECT_THAT(Answer(kStream), AllOf(Not(StartsWith("HTTP")), HasSubstr("garbage")));
}

TEST_F(MockTest, ASlowBodyIsWholeInTheEnd) {
  Always("slow-body");
  EXPECT_EQ(Count(Events(Answer(kStream)), "mock "), 4u);
}

TEST_F(MockTest, AnEmptyAnswerHasNoToken) {
  Always("empty");
  const std::string events = Events(Answer(kStream));
  EXPECT_THAT(events, AllOf(Not(HasSubstr("content")), EndsWith("[DONE]\n")));
}

TEST(Faults, AreReadAndChosenByTheSeed) {
  EXPECT_EQ(ParseFault("stall-after=0.25")->share, 0.25);
  for (const char* wrong : {"", "429", "429=", "429=x", "429=-1", "429=1.5", "429=nan", "rest=0.1"})
    EXPECT_EQ(ParseFault(wrong).error().code(), ErrorCode::kInvalidConfig) << wrong;
  EXPECT_THAT(ParseFault("rest=1").error().message(), HasSubstr("reset"));

  Options options;
  options.faults = {*ParseFault("429=0.2"), *ParseFault("reset=0.1")};
  int counts[2] = {0, 0};
  for (uint64_t i = 0; i < 10'000; ++i) {
    const auto fault = FaultOf(options, i);
    EXPECT_EQ(fault, FaultOf(options, i));
    if (fault == FaultKind::kTooManyRequests) ++counts[0];
    if (fault == FaultKind::kReset) ++counts[1];
  }
  EXPECT_NEAR(counts[0], 2000, 150);
  EXPECT_NEAR(counts[1], 1000, 120);
  Options other = options;
  other.seed = 1;
  int differ = 0;
  for (uint64_t i = 0; i < 100; ++i) differ += FaultOf(options, i) != FaultOf(other, i);
  EXPECT_GT(differ, 10);
}

TEST(Options, ThatDoNotFitAreRefused) {
  const auto refused = [](const std::function<void(Options&)>& change) {
    Options options;
    change(options);
    const Result<void> checked = Check(options);
    return checked.ok() ? "" : checked.error().message();
  };
  EXPECT_EQ(refused([](Options&) {}), "");
  EXPECT_THAT(refused([](Options& options) { options.tokens = 0; }), HasSubstr("--tokens"));
  EXPECT_THAT(refused([](Options& options) { options.tokens_per_event = 101; }),
              HasSubstr("--tokens-per-event"));
  EXPECT_THAT(refused([](Options& options) { options.ttft = Nanos(-1); }), HasSubstr("--ttft-ms"));
  EXPECT_THAT(refused([](Options& options) {
                options.latency = Millis(1);
                options.gap = Millis(1);
              }),
              HasSubstr("--latency-ms"));
  EXPECT_THAT(refused([](Options& options) {
                options.faults = {*ParseFault("cut=0.6"), *ParseFault("reset=0.6")};
              }),
              HasSubstr("more than 1"));
}

}  // namespace
}  // namespace vlmhb::mock
