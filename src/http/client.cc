#include "http/client.h"

#include <fmt/format.h>

#include "http/parser.h"
#include "http/stream.h"
#include "http/tls.h"

namespace vlmhb::http {
namespace {

constexpr size_t kReadBytes = 64u << 10;

std::string RequestHead(const Request& request, const std::string& host) {
  std::string head =
      fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", request.method, request.target, host);
  for (const Header& header : request.headers) {
    head += header.name;
    head += ": ";
    head += header.value;
    head += "\r\n";
  }
  if (!request.body.empty() || request.method == "POST")
    head += fmt::format("Content-Length: {}\r\n", request.body.size());
  head += "\r\n";
  return head;
}

// Where the bytes of one response's body go.
class BodySink {
 public:
  explicit BodySink(const RequestOptions& options)
      : options_(options),
        events_([this](const SseEvent& event) { options_.on_event(event, at_); }) {}

  // False: error() says why.
  bool Take(std::string_view bytes, int status, const Headers& headers) {
    if (options_.on_data && status >= 200 && status < 300) {
      options_.on_data(bytes);
      return true;
    }
    total_ += bytes.size();
    if (total_ > options_.max_body_bytes) {
      error_ = Error(ErrorCode::kNoSpace,
                     fmt::format("the response is longer than {} bytes", options_.max_body_bytes));
      return false;
    }
    if (!options_.on_event || !IsEventStream(headers)) {
      body_ += bytes;
      return true;
    }
    Result<void> fed = events_.Feed(bytes);
    if (fed.ok()) return true;
    error_ = std::move(fed).error();
    return false;
  }

  void set_time(Nanos at) { at_ = at; }
  const std::optional<Error>& error() const { return error_; }
  std::string TakeBody() { return std::move(body_); }

 private:
  bool IsEventStream(const Headers& headers) {
    if (!is_events_.has_value())
      is_events_ = FindHeader(headers, "Content-Type").substr(0, 17) == "text/event-stream";
    return *is_events_;
  }

  const RequestOptions& options_;
  SseParser events_;
  Nanos at_{};
  size_t total_ = 0;
  std::string body_;
  std::optional<bool> is_events_;
  std::optional<Error> error_;
};

}  // namespace

struct Connection::State {
  asio::any_io_executor executor;
  Endpoint endpoint;                       // where `tls` is null
  std::shared_ptr<const TlsEndpoint> tls;  // or null
  std::shared_ptr<Stream> stream;          // null: not connected
  boost::beast::flat_buffer buffer;

  std::string Host() const { return tls ? tls->ToString() : endpoint.HostHeader(); }
  std::string Name() const { return tls ? tls->ToString() : endpoint.ToString(); }

  void Disconnect() {
    if (stream) stream->Close();
    stream.reset();
    buffer.clear();
  }

  // Makes `stream` a fresh or a still living connection, with the deadline of the request set.
  asio::awaitable<Result<void>> Prepare(Millis timeout) {
    if (stream && (stream->closed() || stream->Peek() != Stream::Peeked::kNothing)) Disconnect();
    const bool fresh = stream == nullptr;
    if (fresh) stream = std::make_shared<Stream>(Stream::Socket(executor));
    stream->SetDeadline(timeout);
    if (!fresh) co_return Result<void>();
    const std::shared_ptr<Stream> connecting = stream;
    if (tls) co_return co_await connecting->ConnectTls(tls);
    co_return co_await connecting->Connect(endpoint);
  }

  // Reads one response. `on` outlives a Close() from elsewhere.
  asio::awaitable<Result<Response>> ReadResponse(std::shared_ptr<Stream> on,
                                                 const RequestOptions& options) {
    Response response;
    BodySink sink(options);
    std::optional<Parser<false>> parser;
    const auto restart = [&] {
      parser.emplace([&](std::string_view bytes) {
        return sink.Take(bytes, parser->status, parser->headers);
      });
      parser->body_limit(boost::none);  // the sink has its own
      parser->header_limit(64u << 10);
    };
    restart();
    bool have_headers = false;
    while (!parser->is_done()) {
      const Result<size_t> read = co_await on->ReadSome(buffer, kReadBytes);
      if (!read.ok()) co_return read.error();
      const Nanos now = SteadyNow();
      sink.set_time(now);
      boost::beast::error_code error;
      if (*read == 0) {
        if (parser->got_some()) parser->put_eof(error);
        if (error || !parser->is_done())
          co_return Error(ErrorCode::kIo,
                          "the server closed the connection before the response was complete");
      }
      // put() stops at the end of the headers and of each chunk; go on while it makes progress.
      while (buffer.size() > 0 && !parser->is_done()) {
        const size_t used = parser->put(buffer.data(), error);
        buffer.consume(used);
        if (error == boost::beast::http::error::need_more) break;
        if (sink.error().has_value()) co_return *sink.error();
        if (error)
          co_return Error(ErrorCode::kCorrupt,
                          fmt::format("the response is not HTTP: {}", error.message()));
        if (parser->is_done() && parser->status == 100) restart();
      }
      if (!have_headers && parser->is_header_done()) {
        have_headers = true;
        response.headers_at = now;
      }
      response.last_byte_at = now;
    }
    response.status = parser->status;
    response.headers = std::move(parser->headers);
    response.body = sink.TakeBody();
    if (!parser->keep_alive() || buffer.size() > 0) Disconnect();
    co_return response;
  }

  asio::awaitable<Result<Response>> Exchange(const Request& request,
                                             const RequestOptions& options) {
    const Result<void> ready = co_await Prepare(options.timeout);
    if (!ready.ok()) co_return ready.error();
    const std::shared_ptr<Stream> on = stream;
    if (!on) co_return Error(ErrorCode::kCancelled, "the connection was closed");
    const std::string head = RequestHead(request, Host());
    const Nanos begin = SteadyNow();
    const Result<void> sent = co_await on->Write(head, request.body);
    const Nanos end = SteadyNow();
    if (!sent.ok()) co_return sent.error();
    Result<Response> response = co_await ReadResponse(on, options);
    if (response.ok()) {
      response->send_begin = begin;
      response->send_end = end;
    }
    co_return response;
  }
};

Connection::Connection(asio::any_io_executor executor, Endpoint endpoint)
    : state_(std::make_shared<State>()) {
  state_->executor = std::move(executor);
  state_->endpoint = std::move(endpoint);
}

Connection::Connection(asio::any_io_executor executor, std::shared_ptr<const TlsEndpoint> endpoint)
    : state_(std::make_shared<State>()) {
  state_->executor = std::move(executor);
  state_->tls = std::move(endpoint);
}

Connection::~Connection() {
  if (state_) Close();
}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&& other) noexcept {
  if (state_ && state_ != other.state_) Close();
  state_ = std::move(other.state_);
  return *this;
}

asio::awaitable<Result<Response>> Connection::Send(const Request& request,
                                                   const RequestOptions& options) {
  const std::shared_ptr<State> state = state_;
  Result<Response> result = Error(ErrorCode::kCancelled, "the request was cancelled");
  try {
    result = co_await state->Exchange(request, options);
  } catch (const boost::system::system_error&) {
    // Thrown by co_await once the coroutine has been cancelled.
  }
  if (!result.ok()) {
    state->Disconnect();
    std::string context = fmt::format("{} {} at {}", request.method, request.target, state->Name());
    co_return std::move(result).error().With(std::move(context));
  }
  if (state->stream) state->stream->SetDeadline(Millis(0));
  co_return result;
}

void Connection::Close() { state_->Disconnect(); }

}  // namespace vlmhb::http
