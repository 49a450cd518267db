#include "http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <future>
#include <thread>

#include "http/listen.h"
#include "http/test_peer.h"

namespace vlmhb::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A listener whose side of the conversation the test speaks byte by byte.
class ClientTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<os::Fd> listener = OpenListener(endpoint_);
    ASSERT_TRUE(listener.ok()) << listener.error().ToString();
    listener_ = std::move(*listener);
    connection_.emplace(loop_.executor(), endpoint_);
  }
  void TearDown() override {
    loop_.Call([this] { connection_.reset(); });
  }

  RawPeer Accept() {
    pollfd waiting{listener_.get(), POLLIN, 0};
    CHECK(::poll(&waiting, 1, 30'000) == 1, "the client connects");
    return RawPeer(os::Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  }
  std::future<std::optional<Result<Response>>> Start() {
    return asio::co_spawn(loop_.executor(), Boxed(connection_->Send(request_, options_)),
                          asio::use_future);
  }
  // Sends, lets `serve` answer on a new connection, and returns what the client made of it.
  Result<Response> Exchange(const std::function<void(RawPeer&)>& serve) {
    auto future = Start();
    RawPeer peer = Accept();
    peer.ReadUntil("hello");
    serve(peer);
    return *future.get();
  }
  Result<Response> AnswerWith(std::string_view bytes) {
    return Exchange([&](RawPeer& peer) {
      peer.Send(bytes);
      peer.Close();
    });
  }

  LoopThread loop_;
  Endpoint endpoint_ = *Endpoint::Parse("127.0.0.1:0");
  os::Fd listener_;
  std::optional<Connection> connection_;
  Request request_{.method = "POST", .target = "/x", .headers = {{"X-A", "b"}}, .body = "hello"};
  RequestOptions options_{.timeout = Millis(30'000)};
};

TEST_F(ClientTest, SendsAndReadsAndKeepsTheConnection) {
  auto future = Start();
  RawPeer peer = Accept();
  EXPECT_EQ(peer.ReadUntil("hello"), "POST /x HTTP/1.1\r\nHost: " + endpoint_.ToString() +
                                         "\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello");
  peer.Send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 422 No\r\nA: b\r\nContent-Length: 2\r\n\r\nno");
  const Result<Response> first = *future.get();
  ASSERT_TRUE(first.ok()) << first.error().ToString();
  EXPECT_EQ(first->status, 422);
  EXPECT_EQ(FindHeader(first->headers, "a"), "b");
  EXPECT_EQ(first->body, "no");
  EXPECT_LE(first->send_begin, first->send_end);
  EXPECT_LE(first->send_end, first->headers_at);
  EXPECT_LE(first->headers_at, first->last_byte_at);

  auto second = Start();
  peer.ReadUntil("hello");  // on the same connection
  peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ((*second.get())->status, 200);
}

TEST_F(ClientTest, ReadsEveryFramingSplitAtEveryByte) {
  const std::string_view answers[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n3\r\nody\r\n0\r\n\r\n",
      "HTTP/1.0 200 OK\r\n\r\nbody",
  };
  for (const std::string_view answer : answers) {
    for (size_t cut = 1; cut < answer.size(); ++cut) {
      const Result<Response> response = Exchange([&](RawPeer& peer) {
        peer.Send(answer.substr(0, cut));
        loop_.Call([] {});
        peer.Send(answer.substr(cut));
        peer.Close();
      });
      ASSERT_TRUE(response.ok()) << response.error().ToString() << " at " << cut;
      ASSERT_EQ(response->body, "body");
      loop_.Call([this] { connection_->Close(); });
    }
  }
}

TEST_F(ClientTest, ConnectsAnewWhenTheServerHasClosedMeanwhile) {
  for (int round = 0; round < 2; ++round)
    EXPECT_TRUE(AnswerWith("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").ok());
}

TEST_F(ClientTest, EventsComeOneByOneWithTheirTimes) {
  std::vector<std::string> events;
  std::vector<Nanos> times;
  std::atomic<size_t> seen = 0;
  options_.on_event = [&](const SseEvent& event, Nanos at) {
    events.emplace_back(event.data);
    times.push_back(at);
    ++seen;
  };
  auto future = Start();
  RawPeer peer = Accept();
  peer.ReadUntil("hello");
  peer.Send(
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  peer.Send("b\r\ndata: one\n\n\r\n");
  ASSERT_TRUE(loop_.Eventually([&] { return seen == 1; }));
  const Nanos between = SteadyNow();
  peer.Send("7\r\ndata: t\r\n4\r\nwo\n\n\r\n0\r\n\r\n");
  const Result<Response> response = *future.get();
  ASSERT_TRUE(response.ok()) << response.error().ToString();
  EXPECT_THAT(events, ElementsAre("one", "two"));
  EXPECT_LT(times[0], between);
  EXPECT_GT(times[1], between);
  EXPECT_LE(times[1], response->last_byte_at);
  EXPECT_EQ(response->body, "");
}

TEST_F(ClientTest, AnErrorAnswerToAStreamingRequestIsABody) {
  options_.on_event = [](const SseEvent&, Nanos) { FAIL(); };
  const auto response =
      AnswerWith("HTTP/1.1 500 E\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->body, "{}");
}

TEST_F(ClientTest, DataComesAsItArrivesAndIsNotCollected) {
  std::string got;
  std::atomic<size_t> seen = 0;
  options_.max_body_bytes = 3;
  options_.on_data = [&](std::string_view bytes) {
    got += bytes;
    seen = got.size();
  };
  auto future = Start();
  RawPeer peer = Accept();
  peer.ReadUntil("hello");
  peer.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab");
  ASSERT_TRUE(loop_.Eventually([&] { return seen == 2; }));
  peer.Send("cd\r\n2\r\nef\r\n0\r\n\r\n");
  const Result<Response> response = *future.get();
  ASSERT_TRUE(response.ok()) << response.error().ToString();
  EXPECT_EQ(got, "abcdef");
  EXPECT_EQ(response->body, "");
  peer.Close();

  const auto broken = AnswerWith("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ngh");
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().code(), ErrorCode::kIo);
  EXPECT_EQ(got, "abcdefgh");
  const auto refused = AnswerWith("HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno");
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused->body, "no");
  EXPECT_EQ(got, "abcdefgh");
}

TEST_F(ClientTest, RefusedConnectionsAreUnavailable) {
  listener_.Reset();
  const Result<Response> response = *Start().get();
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(response.error().ToString(), HasSubstr(endpoint_.ToString()));
}

TEST_F(ClientTest, ASilentServerTimesOut) {
  options_.timeout = Millis(50);
  const Result<Response> response = *Start().get();
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), ErrorCode::kTimeout);
}

TEST_F(ClientTest, BrokenAnswersHaveTheirOwnErrors) {
  options_.max_body_bytes = 100;
  const std::pair<std::string, ErrorCode> cases[] = {
      {"", ErrorCode::kIo},
      {"HTTP/1.1 200", ErrorCode::kIo},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", ErrorCode::kIo},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", ErrorCode::kIo},
      {"SSH-2.0-x\r\n\r\n", ErrorCode::kCorrupt},
      {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", ErrorCode::kCorrupt},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZ\r\n", ErrorCode::kCorrupt},
      {"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x'),
       ErrorCode::kNoSpace},
      {"HTTP/1.1 200 OK\r\n\r\n" + std::string(101, 'x'), ErrorCode::kNoSpace},
      {"HTTP/1.1 200 OK\r\nA: " + std::string(100'000, 'x'), ErrorCode::kCorrupt},
  };
  for (const auto& [bytes, code] : cases) {
    const Result<Response> response = AnswerWith(bytes);
    ASSERT_FALSE(response.ok()) << bytes.substr(0, 80);
    EXPECT_EQ(response.error().code(), code) << response.error().ToString();
  }
}

TEST_F(ClientTest, AResetIsAnError) {
  const Result<Response> response = Exchange([](RawPeer& peer) { peer.Reset(); });
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), ErrorCode::kIo);
}

TEST_F(ClientTest, CloseAndCancellationEndASend) {
  const Result<Response> closed =
      Exchange([this](RawPeer&) { loop_.Call([this] { connection_->Close(); }); });
  ASSERT_FALSE(closed.ok());
  EXPECT_EQ(closed.error().code(), ErrorCode::kCancelled);

  asio::cancellation_signal signal;
  std::promise<std::optional<Result<Response>>> promise;
  asio::co_spawn(
      loop_.executor(), Boxed(connection_->Send(request_, options_)),
      asio::bind_cancellation_slot(
          signal.slot(), [&](std::exception_ptr, std::optional<Result<Response>> response) {
            promise.set_value(std::move(response));
          }));
  RawPeer peer = Accept();
  peer.ReadUntil("hello");
  loop_.Call([&] { signal.emit(asio::cancellation_type::terminal); });
  const Result<Response> cancelled = *promise.get_future().get();
  ASSERT_FALSE(cancelled.ok());
  EXPECT_EQ(cancelled.error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(peer.ReadAll(), "");
}

}  // namespace
}  // namespace vlmhb::http
