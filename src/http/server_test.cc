#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "http/test_peer.h"
#include "os/file.h"

namespace vlmhb::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// What a handler suspends on in order to wait for the test (or for its client to go).
class Gate {
 public:
  explicit Gate(const asio::any_io_executor& executor)
      : timer_(executor, asio::steady_timer::time_point::max()) {}
  void Open() { timer_.cancel(); }
  asio::awaitable<void> Wait() { co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable)); }

 private:
  asio::steady_timer timer_;
};

class ServerTest : public testing::Test {
 protected:
  void Start(ServerOptions options = {}) {
    Result<std::unique_ptr<Server>> server = loop_.Call([&] {
      return Server::Listen(loop_.executor(), *Endpoint::Parse("127.0.0.1:0"), options,
                            [this](const IncomingRequest& request, ResponseWriter& writer) {
                              return Handle(request, writer);
                            });
    });
    ASSERT_TRUE(server.ok()) << server.error().ToString();
    server_ = std::move(*server);
  }
  void TearDown() override {
    if (server_)
      loop_.Run([this]() -> asio::awaitable<void> { co_await server_->Stop(Millis(0)); });
    loop_.Call([this] { server_.reset(); });
  }
  RawPeer Connect() { return RawPeer::ConnectTo(server_->endpoint()); }
  std::string Ask(std::string_view bytes) {
    RawPeer peer = Connect();
    peer.Send(bytes);
    return peer.ReadAll();
  }

  asio::awaitable<void> Handle(const IncomingRequest& request, ResponseWriter& writer) {
    ++requests_;
    if (request.target == "/throw") throw std::runtime_error("a bug");
    if (request.target == "/nothing") co_return;
    if (request.target == "/wait") {
      writer.OnDisconnect([this] { gate_.Open(); });
      ++waiting_;
      co_await gate_.Wait();
      saw_disconnect_ = writer.client_gone();
    }
    if (request.target == "/events") {
      writer.StartEvents({});
      for (const char* text : {"one", "two"}) co_await writer.SendEvent(text);
      ++waiting_;
      co_await gate_.Wait();
      co_await writer.Finish();
      co_return;
    }
    if (request.target == "/broken") {
      writer.StartEvents({});
      co_await writer.SendEvent("one");
      co_return;
    }
    EXPECT_LE(request.first_byte_at, request.complete_at);
    const std::string body = request.method + " " + request.target + " " + request.body;
    co_await writer.Respond(200, {}, body);
  }

  LoopThread loop_;
  Gate gate_{loop_.executor()};
  std::atomic<int> requests_ = 0;
  std::atomic<int> waiting_ = 0;
  std::atomic<bool> saw_disconnect_ = false;
  std::unique_ptr<Server> server_;
};

constexpr std::string_view kPost = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::string_view kChunked =
    "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
    "chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";

TEST_F(ServerTest, ReadsARequestSplitAtEveryByteOnOneConnection) {
  Start();
  RawPeer peer = Connect();
  for (const std::string_view request : {kPost, kChunked}) {
    for (size_t cut = 1; cut < request.size(); ++cut) {
      peer.Send(request.substr(0, cut));
      // The rest only after the server has surely seen the first part: both run on one thread.
      loop_.Call([] {});
      peer.Send(request.substr(cut));
      const std::string head = peer.ReadUntil("\r\n\r\n");
      ASSERT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n")) << cut;
      ASSERT_THAT(head, testing::Not(HasSubstr("close")));
      ASSERT_EQ(peer.ReadUntil("hello"), "POST /a hello");
    }
  }
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrderAndClosesWhenAsked) {
  Start();
  const std::string answer = Ask(
      "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("GET /1 HTTP"));
  EXPECT_THAT(answer, HasSubstr("GET /2 HTTP"));
  EXPECT_THAT(answer, EndsWith("Connection: close\r\n\r\nGET /3 "));
}

TEST_F(ServerTest, MalformedRequestsGet400AndNeverReachTheHandler) {
  Start();
  for (const char* bytes :
       {"\r\n\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\x16\x03\x01\x02 tls\r\n\r\n",
        "GET / HTTP/1.1\r\nNo colon\r\n\r\n", "GET / HTTP/1.1\r\nA: b\nfolded\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"})
    EXPECT_THAT(Ask(bytes), StartsWith("HTTP/1.1 400 Bad Request\r\n")) << bytes;
  EXPECT_EQ(requests_, 0);
}

TEST_F(ServerTest, AMalformedRequestAfterAGoodOneGets400Too) {
  Start();
  RawPeer peer = Connect();
  peer.Send(kPost);
  EXPECT_THAT(peer.ReadUntil("hello"), StartsWith("HTTP/1.1 200 "));
  peer.Send("garbage\r\n\r\n");
  EXPECT_THAT(peer.ReadUntil("\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Ask(std::string(kPost) + "garbage\r\n\r\n"), HasSubstr("HTTP/1.1 400 "));
}

TEST_F(ServerTest, LimitsGet431And413) {
  Start({.max_header_bytes = 1000, .max_body_bytes = 100});
  EXPECT_THAT(Ask("GET / HTTP/1.1\r\nA: " + std::string(5000, 'a') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(Ask("GET /" + std::string(5000, 'a')), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(Ask("POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x')),
              StartsWith("HTTP/1.1 413 "));
  std::string chunks = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 1000; ++i) chunks += "40\r\n" + std::string(64, 'x') + "\r\n";
  RawPeer peer = Connect();
  peer.Send(chunks);
  EXPECT_THAT(peer.ReadUntil("\r\n"), StartsWith("HTTP/1.1 413 "));
  EXPECT_EQ(requests_, 0);
}

TEST_F(ServerTest, SlowHeadersSlowBodiesAndIdleConnectionsAreCutOff) {
  Start({.header_timeout = Millis(50), .body_timeout = Millis(50), .idle_timeout = Millis(50)});
  EXPECT_EQ(Ask(""), "");
  EXPECT_EQ(Ask("GET / HT"), "");
  EXPECT_EQ(Ask("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel"), "");
  EXPECT_EQ(requests_, 0);
  // Telling a client to continue does not lift the limit, not on a connection used before either.
  const std::string slow =
      "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhel";
  EXPECT_EQ(Ask(slow), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(Ask(std::string(kPost) + slow), EndsWith("HTTP/1.1 100 Continue\r\n\r\n"));
  EXPECT_EQ(requests_, 1);
}

TEST_F(ServerTest, AClientThatDoesNotReadIsDropped) {
  Start({.write_timeout = Millis(50)});
  RawPeer peer = Connect();
  const std::string body(8u << 20, 'x');
  peer.Send("POST /big HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  peer.Send(body);
  EXPECT_TRUE(loop_.Eventually([this] { return server_->connections() == 0; }));
  EXPECT_EQ(requests_, 1);
}

TEST_F(ServerTest, ConnectionsOverTheLimitGet503) {
  Start({.max_connections = 1});
  RawPeer first = Connect();
  ASSERT_TRUE(loop_.Eventually([this] { return server_->connections() == 1; }));
  EXPECT_THAT(Ask(""), StartsWith("HTTP/1.1 503 "));
  first.Send(kPost);
  EXPECT_THAT(first.ReadUntil("hello"), HasSubstr("200 OK"));
}

TEST_F(ServerTest, AHandlerThatFailsYields500) {
  Start();
  EXPECT_THAT(Ask("GET /throw HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
  RawPeer peer = Connect();
  peer.Send("GET /nothing HTTP/1.1\r\n\r\n");
  EXPECT_THAT(peer.ReadUntil("\r\n"), StartsWith("HTTP/1.1 500 "));
}

TEST_F(ServerTest, ClientsThatWaitForContinueAreTold) {
  Start();
  RawPeer peer = Connect();
  peer.Send("POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(peer.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.Send("ok");
  EXPECT_THAT(peer.ReadUntil("ok"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTest, EventsAreWrittenOneByOneAndTheStreamEndsInOrder) {
  Start();
  RawPeer peer = Connect();
  peer.Send("GET /events HTTP/1.1\r\n\r\n");
  // Both arrive while the handler still waits.
  EXPECT_THAT(peer.ReadUntil("data: two\n\n\r\n"), HasSubstr("b\r\ndata: one\n\n\r\n"));
  ASSERT_TRUE(loop_.Eventually([this] { return waiting_ == 1; }));
  loop_.Call([this] { gate_.Open(); });
  EXPECT_EQ(peer.ReadUntil("0\r\n\r\n"), "0\r\n\r\n");
  peer.Send(kPost);
  EXPECT_THAT(peer.ReadUntil("hello"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTest, AnUnfinishedStreamIsBrokenOff) {
  Start();
  EXPECT_THAT(Ask("GET /broken HTTP/1.1\r\n\r\n"), EndsWith("data: one\n\n\r\n"));
}

TEST_F(ServerTest, TheHandlerLearnsThatItsClientHasGone) {
  Start();
  RawPeer peer = Connect();
  peer.Send("GET /wait HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(loop_.Eventually([this] { return waiting_ == 1; }));
  peer.Reset();
  EXPECT_TRUE(loop_.Eventually([this] { return saw_disconnect_ && server_->connections() == 0; }));
}

TEST_F(ServerTest, StopLetsARunningRequestFinish) {
  Start();
  RawPeer busy = Connect();
  RawPeer idle = Connect();
  busy.Send("GET /wait HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(loop_.Eventually([this] { return waiting_ == 1 && server_->connections() == 2; }));
  const Endpoint endpoint = server_->endpoint();
  std::thread stopper([this] {
    loop_.Run([this]() -> asio::awaitable<void> { co_await server_->Stop(Millis(60'000)); });
  });
  EXPECT_EQ(idle.ReadAll(), "");
  loop_.Call([this] { gate_.Open(); });
  EXPECT_THAT(busy.ReadAll(), EndsWith("Connection: close\r\n\r\nGET /wait "));
  stopper.join();
  EXPECT_FALSE(saw_disconnect_);
}

TEST_F(ServerTest, StopCutsOffWhatOutlastsItsGrace) {
  Start();
  RawPeer peer = Connect();
  peer.Send("GET /wait HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(loop_.Eventually([this] { return waiting_ == 1; }));
  loop_.Run([this]() -> asio::awaitable<void> { co_await server_->Stop(Millis(20)); });
  EXPECT_TRUE(saw_disconnect_);
  EXPECT_EQ(peer.ReadAll(), "");
}

TEST(ServerSocket, IsPrivateReplacesADeadOneAndRefusesALivingOne) {
  LoopThread loop;
  const os::TempFolder folder;
  const std::string path = (folder.path() / "s").string();
  const Endpoint endpoint = *Endpoint::Parse("unix:" + path);
  const auto listen = [&] {
    return loop.Call([&] {
      return Server::Listen(
          loop.executor(), endpoint, {},
          [](const IncomingRequest&, ResponseWriter&) -> asio::awaitable<void> { co_return; });
    });
  };
  {  // a socket file whose process is gone
    const auto address = SystemEndpoint(endpoint);
    const os::Fd dead(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::bind(dead.get(), address.data(), static_cast<socklen_t>(address.size())), 0);
  }
  auto first = listen();
  ASSERT_TRUE(first.ok()) << first.error().ToString();
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);

  const auto second = listen();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), ErrorCode::kUnavailable);
  loop.Call([&] { first = Error(ErrorCode::kCancelled, "destroyed"); });
  EXPECT_NE(::stat(path.c_str(), &info), 0) << "the socket file is removed";

  ASSERT_TRUE(os::WriteFileAtomic(path, "a file of somebody else").ok());
  EXPECT_FALSE(listen().ok());
  EXPECT_EQ(*os::ReadFile(path), "a file of somebody else");
}

}  // namespace
}  // namespace vlmhb::http
