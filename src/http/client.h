#pragma once
// HTTP/1.1 client for one endpoint, plain on this machine or by TLS over the network. One
// io_context thread: a Connection is used only from the executor it was made with.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "http/endpoint.h"
#include "http/message.h"
#include "http/sse.h"

namespace vlmhb::http {

namespace asio = boost::asio;

class TlsEndpoint;

struct RequestOptions {
  // For all of it, from connecting to the last byte; 0: unbounded.
  Millis timeout{0};
  // A longer body (or event stream) is refused.
  size_t max_body_bytes = 64u << 20;
  // Called for every event of a text/event-stream response, with the time at which the read that
  // completed it returned. Absent: such a body is collected like any other.
  std::function<void(const SseEvent&, Nanos at)> on_event;
  // Called with each piece of the body of a successful (2xx) response as it arrives; such a body is
  // neither collected nor limited. It must not destroy the Connection.
  std::function<void(std::string_view)> on_data;
};

// A keep-alive connection, opened by the first Send and opened again when the server has closed
// it meanwhile. One request at a time: call Send again only after the one before has returned.
class Connection {
 public:
  Connection(asio::any_io_executor executor, Endpoint endpoint);
  // By TLS (http/tls.h).
  Connection(asio::any_io_executor executor, std::shared_ptr<const TlsEndpoint> endpoint);
  ~Connection();  // as Close(); a Send in progress ends with kCancelled
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;

  // Sends and waits for the whole response, whatever its status. `request` and `options` must
  // outlive the call (they do where it is co_awaited directly). A request is never sent twice.
  //   kUnavailable  nobody listens there; TLS: or the name is not known
  //   kPermission   TLS: the server's certificate is refused here, or the client's there
  //   kUnsupported  TLS: the server does not speak it, or not 1.2 or newer
  //   kTimeout      options.timeout ran out
  //   kIo           the connection broke before the response was complete
  //   kCorrupt      what came back is not HTTP, or not an event stream
  //   kNoSpace      the body is larger than options.max_body_bytes
  //   kCancelled    Close(), or the coroutine was cancelled
  // After an error the connection is closed; events delivered before it remain delivered.
  asio::awaitable<Result<Response>> Send(const Request& request, const RequestOptions& options);

  // Closes the socket. A Send in progress ends with kCancelled; the next one connects anew.
  void Close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace vlmhb::http
