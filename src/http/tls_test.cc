#include "http/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <future>

#include "http/client.h"
#include "http/listen.h"
#include "http/test_certificates.h"
#include "http/test_peer.h"

namespace vlmhb::http {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kEmpty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

// A listener on this machine whose side of the conversation the test speaks.
class TlsTest : public testing::Test {
 protected:
  TlsTest() {
    // A peer that goes away is an error here, not the end of the tests.
    ::signal(SIGPIPE, SIG_IGN);
    Result<os::Fd> listener = OpenListener(at_);
    CHECK(listener.ok(), "the test's server listens");
    listener_ = std::move(*listener);
  }
  ~TlsTest() override {
    loop_.Call([this] { connection_.reset(); });
  }

  void Use(const TlsOptions& options) {
    Result<std::shared_ptr<const TlsEndpoint>> endpoint = TlsEndpoint::Load(options);
    ASSERT_TRUE(endpoint.ok()) << endpoint.error().ToString();
    loop_.Call([&] { connection_.emplace(loop_.executor(), *endpoint); });
  }
  TlsOptions Trusting(const TestAuthority& authority, const std::string& host = "127.0.0.1") {
    return authority.Options(host, at_.port);
  }
  os::Fd Accept() {
    pollfd waiting{listener_.get(), POLLIN, 0};
    CHECK(::poll(&waiting, 1, 30'000) == 1, "the client connects");
    return os::Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  TlsPeer AcceptTls(const CertificateSpec& spec = {}, const TlsServerOptions& options = {}) {
    return TlsPeer(Accept(), authority_.Issue(spec), options);
  }
  std::future<std::optional<Result<Response>>> Start() {
    return asio::co_spawn(loop_.executor(), Boxed(connection_->Send(request_, options_)),
                          asio::use_future);
  }
  // Sends to a server that answers nothing more than its side of the handshake.
  Error FailAgainst(const CertificateSpec& spec, const TlsServerOptions& server) {
    auto future = Start();
    {
      TlsPeer peer = AcceptTls(spec, server);
      if (peer.Handshake()) peer.ReadUntil("hello");
    }
    const Result<Response> response = *future.get();
    CHECK(!response.ok(), "the exchange fails");
    return response.error();
  }

  LoopThread loop_;
  TestAuthority authority_;
  Endpoint at_ = *Endpoint::Parse("127.0.0.1:0");
  os::Fd listener_;
  std::optional<Connection> connection_;
  Request request_{.method = "POST", .target = "/x", .body = "hello"};
  RequestOptions options_{.timeout = Millis(30'000)};
};

TEST_F(TlsTest, KeepsOneConnectionForManyRequests) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Use(Trusting(authority_));
    auto future = Start();
    TlsPeer peer = AcceptTls({}, {.clients = &authority_, .oldest = version, .newest = version});
    ASSERT_TRUE(peer.Handshake());
    EXPECT_STREQ(peer.ServerName(), "");
    EXPECT_EQ(peer.ReadUntil("hello"), fmt::format("POST /x HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n"
                                                   "Content-Length: 5\r\n\r\nhello",
                                                   at_.port));
    const std::string body(300'000, 'b');
    peer.Send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
    const Result<Response> first = *future.get();
    ASSERT_TRUE(first.ok()) << first.error().ToString();
    EXPECT_EQ(first->body, body);

    request_.body = std::string(200'000, 'r') + "hello";
    auto second = Start();
    EXPECT_THAT(peer.ReadUntil("hello"), HasSubstr(request_.body));
    peer.Send(kEmpty);
    EXPECT_TRUE((*second.get()).ok());
    request_.body = "hello";
  }
}

TEST_F(TlsTest, LooksNamesUpAndTellsThemToTheServer) {
  Use(Trusting(authority_, "localhost"));
  auto future = Start();
  TlsPeer peer = AcceptTls();
  ASSERT_TRUE(peer.Handshake());
  EXPECT_STREQ(peer.ServerName(), "localhost");
  EXPECT_THAT(peer.ReadUntil("hello"), HasSubstr(fmt::format("Host: localhost:{}\r\n", at_.port)));
  peer.Send(kEmpty);
  EXPECT_TRUE((*future.get()).ok());
}

TEST_F(TlsTest, TheExpectedNameMayBeAnotherThanTheHost) {
  TlsOptions options = Trusting(authority_);
  options.expected_name = "engine.example";
  Use(options);
  auto future = Start();
  TlsPeer peer = AcceptTls({.names = "DNS:engine.example"});
  ASSERT_TRUE(peer.Handshake());
  peer.ReadUntil("hello");
  peer.Send(kEmpty);
  EXPECT_TRUE((*future.get()).ok());
}

TEST_F(TlsTest, ConnectsAnewWhenTheServerHasClosedMeanwhile) {
  Use(Trusting(authority_));
  for (int round = 0; round < 2; ++round) {
    auto future = Start();
    TlsPeer peer = AcceptTls();
    ASSERT_TRUE(peer.Handshake());
    peer.ReadUntil("hello");
    peer.Send(kEmpty);
    EXPECT_TRUE((*future.get()).ok());
    peer.Close();
  }
}

TEST_F(TlsTest, DataComesAsItArrives) {
  std::string got;
  std::atomic<size_t> seen = 0;
  options_.on_data = [&](std::string_view bytes) {
    got += bytes;
    seen = got.size();
  };
  Use(Trusting(authority_));
  auto future = Start();
  TlsPeer peer = AcceptTls();
  ASSERT_TRUE(peer.Handshake());
  peer.ReadUntil("hello");
  peer.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab");
  ASSERT_TRUE(loop_.Eventually([&] { return seen == 2; }));
  peer.Send("cd\r\n0\r\n\r\n");
  EXPECT_TRUE((*future.get()).ok());
  EXPECT_EQ(got, "abcd");
}

TEST_F(TlsTest, OnlyAnOrderlyEndEndsABody) {
  for (const bool orderly : {true, false}) {
    Use(Trusting(authority_));
    auto future = Start();
    TlsPeer peer = AcceptTls();
    ASSERT_TRUE(peer.Handshake());
    peer.ReadUntil("hello");
    peer.Send("HTTP/1.1 200 OK\r\n\r\nbody");
    if (orderly)
      peer.Close();
    else
      peer.Cut();
    const Result<Response> response = *future.get();
    EXPECT_EQ(response.ok(), orderly);
    if (response.ok())
      EXPECT_EQ(response->body, "body");
    else
      EXPECT_EQ(response.error().code(), ErrorCode::kIo) << response.error().ToString();
  }
}

TEST_F(TlsTest, RefusesServersThatItCannotTrust) {
  const TestAuthority another;
  Use(Trusting(another));
  const Error unknown = FailAgainst({}, {});
  EXPECT_EQ(unknown.code(), ErrorCode::kPermission) << unknown.ToString();
  EXPECT_THAT(unknown.message(), HasSubstr((another.folder() / "ca.pem").string()));

  for (const char* names : {"DNS:localhost", "IP:127.0.0.2", "DNS:127.0.0.1"}) {
    Use(Trusting(authority_));
    const Error wrong = FailAgainst({.names = names}, {});
    EXPECT_EQ(wrong.code(), ErrorCode::kPermission) << wrong.ToString();
    EXPECT_THAT(wrong.message(), HasSubstr("it is not for '127.0.0.1'"));
  }
  Use(Trusting(authority_, "localhost"));
  EXPECT_THAT(FailAgainst({.names = "DNS:*.localhost,IP:127.0.0.1"}, {}).message(),
              HasSubstr("it is not for 'localhost'"));

  Use(Trusting(authority_));
  const Error expired = FailAgainst({.valid_until_s = -60}, {});
  EXPECT_EQ(expired.code(), ErrorCode::kPermission);
  EXPECT_THAT(expired.message(), HasSubstr("expired"));
  EXPECT_THAT(FailAgainst({.valid_from_s = 600}, {}).message(), HasSubstr("not yet valid"));
  // A client's certificate does not make a server.
  EXPECT_EQ(FailAgainst({.usage = "clientAuth"}, {}).code(), ErrorCode::kPermission);
}

TEST_F(TlsTest, SaysThatTheServerRefusesTheClientsCertificate) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsServerOptions demanding{.clients = &authority_, .oldest = version, .newest = version};
    TlsOptions options = Trusting(authority_);
    options.certificate_file = options.key_file = "";
    Use(options);
    const Error none = FailAgainst({}, demanding);
    EXPECT_EQ(none.code(), ErrorCode::kPermission) << none.ToString();
    EXPECT_THAT(none.message(), HasSubstr("wants a client certificate"));

    const TestAuthority another;
    authority_.WriteIdentity(another);
    Use(Trusting(authority_));
    const Error wrong = FailAgainst({}, demanding);
    EXPECT_EQ(wrong.code(), ErrorCode::kPermission) << wrong.ToString();
    EXPECT_THAT(wrong.message(), HasSubstr((authority_.folder() / "cert.pem").string()));
    authority_.WriteIdentity(authority_);
  }
}

TEST_F(TlsTest, SaysWhatSpeaksNoTlsThatIsSafe) {
  Use(Trusting(authority_));
  const Error old = FailAgainst({}, {.oldest = TLS1_VERSION, .newest = TLS1_1_VERSION});
  EXPECT_EQ(old.code(), ErrorCode::kUnsupported) << old.ToString();

  auto future = Start();
  RawPeer peer(Accept());
  peer.Send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  const Result<Response> plain = *future.get();
  ASSERT_FALSE(plain.ok());
  EXPECT_EQ(plain.error().code(), ErrorCode::kUnsupported) << plain.error().ToString();
  EXPECT_THAT(plain.error().message(), HasSubstr("does not speak TLS"));
}

TEST_F(TlsTest, NobodyThereIsUnavailable) {
  listener_.Reset();
  Use(Trusting(authority_));
  const Result<Response> refused = *Start().get();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kUnavailable) << refused.error().ToString();
  EXPECT_THAT(refused.error().message(), HasSubstr(fmt::format("127.0.0.1:{}", at_.port)));

  Use(Trusting(authority_, std::string(64, 'a') + ".invalid"));  // no name: nobody is asked for it
  const Result<Response> unknown = *Start().get();
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code(), ErrorCode::kUnavailable) << unknown.error().ToString();
  EXPECT_THAT(unknown.error().message(), HasSubstr("no address is known"));
}

TEST_F(TlsTest, HandshakesThatEndEarly) {
  Use(Trusting(authority_));
  auto cut = Start();
  RawPeer(Accept()).Close();
  EXPECT_EQ((*cut.get()).error().code(), ErrorCode::kIo);

  auto garbled = Start();
  RawPeer garbling(Accept());
  garbling.Send(std::string("\x16\x03\x03\x00\x04\xff\xff\xff\xff", 9));
  EXPECT_EQ((*garbled.get()).error().code(), ErrorCode::kIo);

  auto closed = Start();
  RawPeer silent(Accept());
  silent.ReadUntil("\x16\x03\x01");  // the client has begun
  loop_.Call([this] { connection_->Close(); });
  EXPECT_EQ((*closed.get()).error().code(), ErrorCode::kCancelled);

  options_.timeout = Millis(50);
  auto late = Start();
  RawPeer never(Accept());
  EXPECT_EQ((*late.get()).error().code(), ErrorCode::kTimeout);
}

TEST_F(TlsTest, FilesThatCannotBeUsedAreNamed) {
  const TestAuthority another;
  const auto refuse = [&](const TlsOptions& options, ErrorCode code, const os::Path& file,
                          std::string_view why) {
    const auto loaded = TlsEndpoint::Load(options);
    ASSERT_FALSE(loaded.ok()) << file;
    EXPECT_EQ(loaded.error().code(), code) << loaded.error().ToString();
    EXPECT_THAT(loaded.error().message(),
                AllOf(HasSubstr(file.string()), HasSubstr(std::string(why))));
  };
  const TlsOptions good = authority_.Options("h", 1);
  const os::Path none = authority_.folder() / "none.pem";
  for (os::Path TlsOptions::*file :
       {&TlsOptions::ca_file, &TlsOptions::certificate_file, &TlsOptions::key_file}) {
    TlsOptions options = good;
    options.*file = none;
    refuse(options, ErrorCode::kNotFound, none, "it must be");
  }
  TlsOptions options = good;
  options.key_file = another.folder() / "key.pem";
  refuse(options, ErrorCode::kInvalidConfig, options.key_file, "another certificate");
  TestAuthority::WriteKey(none, authority_.Issue({}), "pass");
  options.key_file = none;
  refuse(options, ErrorCode::kInvalidConfig, none, "not encrypted");

  constexpr std::string_view kSecret = "not to be told";
  ASSERT_TRUE(os::WriteFileAtomic(none, kSecret).ok());
  for (os::Path TlsOptions::*file :
       {&TlsOptions::ca_file, &TlsOptions::certificate_file, &TlsOptions::key_file}) {
    options = good;
    options.*file = none;
    refuse(options, ErrorCode::kInvalidConfig, none, "it must be");
    EXPECT_THAT(TlsEndpoint::Load(options).error().ToString(),
                Not(HasSubstr(std::string(kSecret))));
  }
}

}  // namespace
}  // namespace vlmhb::http
