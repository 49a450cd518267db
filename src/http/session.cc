#include "http/session.h"

#include <fmt/format.h>

#include <boost/beast/http/error.hpp>
#include <optional>

#include "base/text.h"
#include "http/sse.h"

namespace vlmhb::http {
namespace {

namespace beast_http = boost::beast::http;

constexpr size_t kReadBytes = 64u << 10;
constexpr Millis kLinger{2'000};

int StatusOfParseError(const boost::beast::error_code& error) {
  if (error == beast_http::error::header_limit) return 431;
  if (error == beast_http::error::body_limit) return 413;
  return 400;
}

std::string JsonError(int status, std::string_view why) {
  // Texts from here contain nothing that JSON would have to escape.
  return fmt::format(
      R"({{"error":{{"message":"{}","type":"{}","code":"bad_request","retryable":false}}}})", why,
      status < 500 ? "invalid_request_error" : "server_error");
}

}  // namespace

Session::Session(Stream::Socket socket, const ServerOptions& options, const Handler& handler)
    : stream_(std::make_shared<Stream>(std::move(socket))), options_(options), handler_(handler) {}

asio::awaitable<void> Session::Run(std::shared_ptr<Session> self) {
  try {
    co_await self->Serve();
  } catch (const std::exception&) {
    // The coroutine was cancelled, or memory is full: either way this connection is over.
  }
  self->ClientGone();
  self->stream_->Close();
}

asio::awaitable<void> Session::Serve() {
  while (keep_alive_ && !stopping_ && !gone_) {
    IncomingRequest request;
    if (!co_await ReadRequest(request)) {
      if (refusal_.has_value()) co_await Refuse(*refusal_);
      co_return;
    }
    co_await Handle(request);
  }
}

asio::awaitable<bool> Session::ReadRequest(IncomingRequest& request) {
  answer_ = Answer::kNone;
  Parser<true> parser([&request](std::string_view bytes) {
    request.body += bytes;
    return true;
  });
  parser.header_limit(static_cast<uint32_t>(options_.max_header_bytes));
  parser.body_limit(options_.max_body_bytes);
  if (!co_await ReadParts(parser, request)) co_return false;
  stream_->SetDeadline(Millis(0));
  keep_alive_ = parser.keep_alive();
  request.method = std::move(parser.method);
  request.target = std::move(parser.target);
  request.headers = std::move(parser.headers);
  co_return true;
}

// Each phase has its own deadline: waiting for the first byte, the headers, the body.
asio::awaitable<bool> Session::ReadParts(Parser<true>& parser, IncomingRequest& request) {
  bool started = buffer_.size() > 0;  // the client sent it together with the request before
  bool in_body = false;
  request.first_byte_at = request.complete_at = SteadyNow();
  stream_->SetDeadline(started ? options_.header_timeout : options_.idle_timeout);
  if (started && !Parse(parser)) co_return false;
  while (!parser.is_done()) {
    if (parser.is_header_done() && !in_body) {
      in_body = true;
      stream_->SetDeadline(options_.body_timeout);
      if (AsciiLower(FindHeader(parser.headers, "Expect")) == "100-continue")
        if (!(co_await Write("HTTP/1.1 100 Continue\r\n\r\n")).ok()) co_return false;
    }
    const Result<size_t> read = co_await stream_->ReadSome(buffer_, kReadBytes);
    if (!read.ok() || *read == 0) co_return false;
    request.complete_at = SteadyNow();
    if (!started) {
      started = true;
      request.first_byte_at = request.complete_at;
      stream_->SetDeadline(options_.header_timeout);
    }
    if (!Parse(parser)) co_return false;
  }
  co_return true;
}

// Parses what the buffer has. False: refusal_ says why.
bool Session::Parse(Parser<true>& parser) {
  boost::beast::error_code error;
  while (buffer_.size() > 0 && !parser.is_done()) {
    const size_t used = parser.put(buffer_.data(), error);
    buffer_.consume(used);
    if (error == beast_http::error::need_more) return true;
    if (error) {
      refusal_ = Refusal{StatusOfParseError(error), error.message()};
      return false;
    }
  }
  return true;
}

// Answers, then reads on for a moment: closing with unread input would make the system reset the
// connection and with it the answer.
asio::awaitable<void> Session::Refuse(const Refusal& refusal) {
  keep_alive_ = false;
  const Headers headers = {{"Content-Type", "application/json"}};
  const std::string body = JsonError(refusal.status, refusal.why);
  const Result<void> sent = co_await Respond(refusal.status, headers, body);
  if (!sent.ok()) co_return;
  boost::system::error_code ignored;
  stream_->socket().shutdown(Stream::Socket::shutdown_send, ignored);
  stream_->SetDeadline(kLinger);
  while (true) {
    buffer_.clear();
    const Result<size_t> read = co_await stream_->ReadSome(buffer_, kReadBytes);
    if (!read.ok() || *read == 0) co_return;
  }
}

asio::awaitable<void> Session::Handle(const IncomingRequest& request) {
  handling_ = true;
  WatchForDisconnect();
  bool failed = false;
  try {
    co_await handler_(request, *this);
  } catch (const std::exception&) {
    failed = true;
  }
  handling_ = false;
  on_disconnect_ = nullptr;
  boost::system::error_code ignored;
  stream_->socket().cancel(ignored);  // the watch
  if (answer_ == Answer::kNone && !gone_) {
    const Headers headers = {{"Content-Type", "application/json"}};
    const std::string body = JsonError(500, "the request handler gave no answer");
    (void)co_await Respond(500, headers, body);  // a peer that is gone needs no answer
  }
  // A stream that was begun and not finished can only be broken off.
  if (failed || answer_ != Answer::kComplete) keep_alive_ = false;
}

// The socket becomes readable when the client closes it, or sends the next request early; in that
// case there is nothing more to be seen without reading it, and a failing write has to do.
void Session::WatchForDisconnect() {
  stream_->socket().async_wait(Stream::Socket::wait_read,
                               [self = shared_from_this()](const boost::system::error_code& error) {
                                 if (error || !self->handling_) return;
                                 if (self->stream_->Peek() == Stream::Peeked::kEnd)
                                   self->ClientGone();
                               });
}

void Session::ClientGone() {
  gone_ = true;
  if (const auto callback = std::exchange(on_disconnect_, nullptr)) callback();
}

void Session::OnDisconnect(std::function<void()> callback) {
  on_disconnect_ = std::move(callback);
  if (gone_ && on_disconnect_) ClientGone();
}

void Session::StopAfterRequest() {
  stopping_ = true;
  if (!handling_) stream_->Close();
}

void Session::Abort() {
  stopping_ = true;
  stream_->Close();
  ClientGone();
}

std::string Session::Head(int status, const Headers& headers, std::string_view framing) const {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", status, ReasonPhrase(status));
  for (const Header& header : headers) head += header.name + ": " + header.value + "\r\n";
  head += framing;
  head += keep_alive_ && !stopping_ ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
  return head;
}

asio::awaitable<Result<void>> Session::Write(std::string_view first, std::string_view second) {
  if (gone_) co_return Error(ErrorCode::kCancelled, "the client is gone");
  const bool bounded_by_read = !handling_ && answer_ == Answer::kNone;
  if (!bounded_by_read) stream_->SetDeadline(options_.write_timeout);
  const Result<void> written = co_await stream_->Write(first, second);
  if (!written.ok()) {
    ClientGone();
    co_return Error(ErrorCode::kCancelled, written.error().message());
  }
  if (!bounded_by_read) stream_->SetDeadline(Millis(0));
  co_return Result<void>();
}

asio::awaitable<Result<void>> Session::Respond(int status, const Headers& headers,
                                               std::string_view body) {
  CHECK(answer_ == Answer::kNone, "one answer per request");
  answer_ = Answer::kComplete;
  const std::string head = Head(status, headers, fmt::format("Content-Length: {}", body.size()));
  co_return co_await Write(head, body);
}

void Session::StartEvents(const Headers& headers) {
  CHECK(answer_ == Answer::kNone, "one answer per request");
  answer_ = Answer::kEvents;
  pending_head_ = Head(200, headers,
                       "Content-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
                       "Transfer-Encoding: chunked");
}

asio::awaitable<Result<void>> Session::SendEvent(std::string_view data) {
  CHECK(answer_ == Answer::kEvents, "StartEvents comes first");
  std::string payload;
  AppendSseEvent(payload, data);
  event_ = std::exchange(pending_head_, std::string());
  event_ += fmt::format("{:x}\r\n", payload.size());
  event_ += payload;
  event_ += "\r\n";
  co_return co_await Write(event_);
}

asio::awaitable<Result<void>> Session::Finish() {
  CHECK(answer_ == Answer::kEvents, "StartEvents comes first");
  event_ = std::exchange(pending_head_, std::string()) + "0\r\n\r\n";
  const Result<void> written = co_await Write(event_);
  if (written.ok()) answer_ = Answer::kComplete;
  co_return written;
}

}  // namespace vlmhb::http
