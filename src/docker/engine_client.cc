#include "docker/engine_client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "base/text.h"

namespace vlmhb::docker {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr size_t kLongestAnswer = 64u << 20;
constexpr size_t kLongestMessage = 2000;

}  // namespace

std::string Query(const std::vector<std::pair<std::string_view, std::string>>& parameters) {
  std::string query;
  for (const auto& [name, value] : parameters)
    query += fmt::format("{}{}={}", query.empty() ? '?' : '&', name, PercentEncode(value));
  return query;
}

Error ResponseError(const http::Response& response, std::string_view doing) {
  std::string message;
  if (const Result<json::value> body = ParseJson(response.body); body.ok() && body->is_object())
    message = FindString(body->as_object(), "message");
  if (message.empty()) message = Trim(response.body);
  if (message.empty()) message = http::ReasonPhrase(response.status);
  message = SanitizeUtf8(Truncate(message, kLongestMessage));
  ErrorCode code = ErrorCode::kInternal;
  if (response.status == 404) code = ErrorCode::kNotFound;
  if (response.status == 401 || response.status == 403) code = ErrorCode::kPermission;
  if (response.status == 400) code = ErrorCode::kInvalidConfig;
  return Error(code,
               fmt::format("the engine refuses {}: {} (HTTP {})", doing, message, response.status));
}

// One request on its way. Owned by the coroutine too.
struct EngineClient::Exchange {
  http::Request request;
  http::RequestOptions options;
  std::optional<Result<http::Response>> result;

  static asio::awaitable<void> Run(std::shared_ptr<Exchange> self, http::Connection& connection) {
    self->result = co_await connection.Send(self->request, self->options);
  }
};

struct EngineClient::StreamState {
  explicit StreamState(http::Connection opened) : connection(std::move(opened)) {}

  http::Connection connection;
  http::Request request;
  http::RequestOptions options;
  StreamHandlers handlers;
  std::shared_ptr<bool> happened;
  bool abandoned = false;  // its EngineStream is gone
  bool ended = false;
  std::optional<Error> error;

  void Take(std::string_view bytes) {
    if (abandoned || error.has_value()) return;
    *happened = true;
    Result<void> taken = handlers.on_data(bytes);
    if (!taken.ok()) error = std::move(taken).error();
  }

  void End(Result<http::Response> response, const EngineAddress& address) {
    ended = true;
    *happened = true;
    if (abandoned || error.has_value()) return;
    if (!response.ok()) {
      error = std::move(response).error().With("following " + address.ToString());
    } else if (response->status < 200 || response->status > 299) {
      error = ResponseError(*response, request.target);
    } else if (Result<void> complete = handlers.on_end(); !complete.ok()) {
      error = std::move(complete).error();
    }
  }

  static asio::awaitable<void> Run(std::shared_ptr<StreamState> self, EngineAddress address) {
    Result<http::Response> response = co_await self->connection.Send(self->request, self->options);
    self->End(std::move(response), address);
  }
};

class EngineClient::Stream final : public EngineStream {
 public:
  Stream(std::shared_ptr<asio::io_context> io, std::shared_ptr<StreamState> state)
      : io_(std::move(io)), state_(std::move(state)) {}
  ~Stream() override {
    state_->abandoned = true;
    state_->connection.Close();
  }
  bool ended() const override { return state_->ended || state_->error.has_value(); }
  const std::optional<Error>& error() const override { return state_->error; }

 private:
  std::shared_ptr<asio::io_context> io_;  // destroyed after the connection that uses it
  std::shared_ptr<StreamState> state_;
};

EngineClient::EngineClient(EngineAddress address, milliseconds call_timeout)
    : address_(std::move(address)),
      call_timeout_(call_timeout),
      io_(std::make_shared<asio::io_context>(1)),
      work_(asio::make_work_guard(*io_)),
      happened_(std::make_shared<bool>(false)) {}

EngineClient::~EngineClient() = default;

Result<http::Connection> EngineClient::Connect() {
  if (!address_.unix_socket.empty()) {
    http::Endpoint endpoint;
    endpoint.unix_path = address_.unix_socket;
    return http::Connection(io_->get_executor(), endpoint);
  }
  if (!tls_) {
    auto loaded = http::TlsEndpoint::Load({.host = address_.host,
                                           .port = address_.port,
                                           .ca_file = address_.certificates / "ca.pem",
                                           .certificate_file = address_.certificates / "cert.pem",
                                           .key_file = address_.certificates / "key.pem"});
    if (!loaded.ok()) {
      // What an engine does not find is something else.
      const ErrorCode code = loaded.error().code();
      return Error(code == ErrorCode::kNotFound ? ErrorCode::kInvalidConfig : code,
                   fmt::format("the certificates for {}: {}", address_.ToString(),
                               loaded.error().message()));
    }
    tls_ = *std::move(loaded);
  }
  return http::Connection(io_->get_executor(), tls_);
}

Error EngineClient::Explain(Error error) const {
  if (error.code() == ErrorCode::kUnavailable && !address_.unix_socket.empty() &&
      ::faccessat(AT_FDCWD, address_.unix_socket.c_str(), W_OK, AT_EACCESS) != 0 && errno == EACCES)
    return Error(ErrorCode::kPermission,
                 fmt::format("the engine's socket {} may not be opened by this user; add the user "
                             "to the socket's group, or use a rootless engine",
                             address_.unix_socket));
  if (error.code() == ErrorCode::kUnavailable)
    return Error(
        ErrorCode::kUnavailable,
        fmt::format("the engine cannot be reached at {}; start it, or set its address ({})",
                    address_.ToString(), error.message()));
  // What is not HTTP may be the rest of an answer to a call that was carried out.
  if (error.code() == ErrorCode::kCorrupt)
    return Error(ErrorCode::kIo, error.message()).With("asking " + address_.ToString());
  return std::move(error).With("asking " + address_.ToString());
}

Result<http::Response> EngineClient::Call(const http::Request& request) {
  if (!calls_.has_value()) {
    VLMHB_ASSIGN(calls_, Connect());
  }
  const auto exchange = std::make_shared<Exchange>();
  exchange->request = request;
  exchange->options.timeout = call_timeout_;
  exchange->options.max_body_bytes = kLongestAnswer;
  asio::co_spawn(*io_, Exchange::Run(exchange, *calls_), asio::detached);
  while (!exchange->result.has_value()) io_->run_one();
  if (!exchange->result->ok()) return Explain(std::move(*exchange->result).error());
  return std::move(*exchange->result);
}

Result<http::Response> EngineClient::CallStreaming(const http::Request& request, milliseconds stall,
                                                   std::function<void(std::string_view)> on_data) {
  VLMHB_ASSIGN(http::Connection connection, Connect());
  const auto exchange = std::make_shared<Exchange>();
  steady_clock::time_point deadline = steady_clock::now() + stall;
  bool stalled = false;
  exchange->request = request;
  exchange->options.on_data = [&](std::string_view bytes) {
    deadline = steady_clock::now() + stall;
    on_data(bytes);
  };
  asio::co_spawn(*io_, Exchange::Run(exchange, connection), asio::detached);
  while (!exchange->result.has_value()) {
    if (io_->run_one_until(deadline) > 0 || steady_clock::now() < deadline || stalled) continue;
    stalled = true;
    connection.Close();
    deadline = steady_clock::time_point::max();
  }
  if (stalled)
    return Error(ErrorCode::kTimeout, fmt::format("the engine at {} said nothing for {} s",
                                                  address_.ToString(), stall.count() / 1000));
  if (!exchange->result->ok()) return Explain(std::move(*exchange->result).error());
  return std::move(*exchange->result);
}

std::unique_ptr<EngineStream> EngineClient::Open(http::Request request, StreamHandlers handlers) {
  Result<http::Connection> connection = Connect();
  if (!connection.ok()) return Failed(std::move(connection).error());
  const auto state = std::make_shared<StreamState>(*std::move(connection));
  state->request = std::move(request);
  state->handlers = std::move(handlers);
  state->happened = happened_;
  // The state owns the connection, which owns this function while a request is on its way.
  state->options.on_data = [raw = state.get()](std::string_view bytes) { raw->Take(bytes); };
  asio::co_spawn(*io_, StreamState::Run(state, address_), asio::detached);
  return std::make_unique<Stream>(io_, state);
}

std::unique_ptr<EngineStream> EngineClient::Failed(Error error) {
  const auto state =
      std::make_shared<StreamState>(http::Connection(io_->get_executor(), http::Endpoint()));
  state->ended = true;
  state->error = std::move(error);
  *happened_ = true;
  return std::make_unique<Stream>(io_, state);
}

void EngineClient::Poll(milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  io_->poll();
  while (!*happened_ && steady_clock::now() < deadline) io_->run_one_until(deadline);
  *happened_ = false;
}

void EngineClient::RunFor(milliseconds duration) { io_->run_for(duration); }

}  // namespace vlmhb::docker
