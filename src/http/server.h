#pragma once
// HTTP/1.1 server on a Unix socket or a loopback port: a coroutine per connection, one request at
// a time on each. Everything that a client can make grow is bounded. Runs on the executor it was
// given; not thread-safe. Not for the open internet: no TLS, no compression.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "http/endpoint.h"
#include "http/message.h"

namespace vlmhb::http {

namespace asio = boost::asio;

struct ServerOptions {
  size_t max_header_bytes = 16u << 10;  // 431 beyond
  size_t max_body_bytes = 64u << 20;    // 413 beyond
  size_t max_connections = 4096;        // 503 beyond
  Millis header_timeout{10'000};  // from the first byte of a request to the end of its headers
  Millis body_timeout{60'000};    // for the body
  Millis write_timeout{30'000};   // for each write: a client that does not read is dropped
  Millis idle_timeout{300'000};   // between requests
};

// A request that arrived whole.
struct IncomingRequest : Request {
  Nanos first_byte_at{};  // CLOCK_MONOTONIC, the read that brought its first byte
  Nanos complete_at{};    // the read that brought its last
};

// Answers one request: either Respond once, or StartEvents, SendEvent…, Finish. Every call fails
// with kCancelled once the client is gone; there is nothing left to do then but to return.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;

  // The whole response. Content-Length and Connection are added.
  virtual asio::awaitable<Result<void>> Respond(int status, const Headers& headers,
                                                std::string_view body) = 0;

  // Status 200 with a text/event-stream body, whose headers go out with the first event.
  virtual void StartEvents(const Headers& headers) = 0;
  // Written to the socket before it returns. REQUIRES: StartEvents.
  virtual asio::awaitable<Result<void>> SendEvent(std::string_view data) = 0;
  // Ends the stream in order. A handler that returns without it breaks the connection off, which
  // tells the client that the stream is incomplete.
  virtual asio::awaitable<Result<void>> Finish() = 0;

  // Called at most once, as soon as the client closes its side while the request is being handled;
  // at once if it has already. Replaces an earlier callback; nullptr removes it.
  virtual void OnDisconnect(std::function<void()> callback) = 0;
  virtual bool client_gone() const = 0;
};

// Runs once per request. A handler that ends without an answer, or throws, yields 500.
using Handler = std::function<asio::awaitable<void>(const IncomingRequest&, ResponseWriter&)>;

class Server {
 public:
  // Listens; serves as soon as the executor runs. A Unix socket gets mode 0600 and replaces a dead
  // one. kUnavailable if the address is in use.
  static Result<std::unique_ptr<Server>> Listen(asio::any_io_executor executor,
                                                const Endpoint& endpoint,
                                                const ServerOptions& options, Handler handler);
  ~Server();  // closes everything at once

  // With the port that the system chose.
  const Endpoint& endpoint() const;
  size_t connections() const;

  // Stops accepting and closes idle connections; requests being handled have `grace` to finish,
  // then their clients are cut off. Returns when no connection is left.
  asio::awaitable<void> Stop(Millis grace);

 private:
  struct State;
  explicit Server(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace vlmhb::http
