#pragma once
// Internal to docker/: HTTP to the engine on a private io_context that the calling thread drives.
// Knows nothing of containers. Not thread-safe.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "docker/engine.h"
#include "http/client.h"
#include "http/tls.h"

namespace vlmhb::docker {

// "?a=1&b=2", encoded.
std::string Query(const std::vector<std::pair<std::string_view, std::string>>& parameters);
// The engine's own words for a response that is no success: kNotFound, kPermission,
// kInvalidConfig, kInternal.
Error ResponseError(const http::Response& response, std::string_view doing);

class EngineClient {
 public:
  EngineClient(EngineAddress address, std::chrono::milliseconds call_timeout);
  ~EngineClient();

  // The response, whatever its status. Never sent twice. kUnavailable, kPermission, kTimeout, kIo;
  // kUnsupported no TLS there; kInvalidConfig a file of EngineAddress::certificates.
  Result<http::Response> Call(const http::Request& request);
  // The same over a connection of its own; the body of a success goes to `on_data`. No limit but
  // `stall`: kTimeout once nothing has come for so long.
  Result<http::Response> CallStreaming(const http::Request& request,
                                       std::chrono::milliseconds stall,
                                       std::function<void(std::string_view)> on_data);

  struct StreamHandlers {
    std::function<Result<void>(std::string_view)> on_data;
    std::function<Result<void>()> on_end;  // of a successful response
  };
  std::unique_ptr<EngineStream> Open(http::Request request, StreamHandlers handlers);

  // A stream that has ended for this reason before it began.
  std::unique_ptr<EngineStream> Failed(Error error);

  // Runs I/O until a stream has got something or ended, since the last Poll or now, or `timeout`.
  void Poll(std::chrono::milliseconds timeout);
  // Runs I/O for so long.
  void RunFor(std::chrono::milliseconds duration);

 private:
  struct Exchange;
  struct StreamState;
  class Stream;

  // A connection that is not open yet.
  Result<http::Connection> Connect();
  Error Explain(Error error) const;

  EngineAddress address_;
  std::chrono::milliseconds call_timeout_;
  // Shared with the streams, which may outlive this.
  std::shared_ptr<boost::asio::io_context> io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::shared_ptr<bool> happened_;
  std::shared_ptr<const http::TlsEndpoint> tls_;  // of a tcp address, once it is used
  std::optional<http::Connection> calls_;
};

}  // namespace vlmhb::docker
