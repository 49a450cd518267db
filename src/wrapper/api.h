#pragma once
// The HTTP side of the API wrapper: routes, one chat request's life, its measurements.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "http/server.h"
#include "wrapper/chat_reply.h"
#include "wrapper/chat_request.h"
#include "wrapper/options.h"
#include "wrapper/plugin_pool.h"

namespace vlmhb::wrapper {

class Api {
 public:
  // `options` and `pool` outlive it.
  Api(asio::any_io_executor executor, const WrapperOptions& options, PluginPool& pool);

  // An http::Handler.
  asio::awaitable<void> Handle(const http::IncomingRequest& request, http::ResponseWriter& writer);

 private:
  struct Call;

  asio::awaitable<void> Health(http::ResponseWriter& writer);
  asio::awaitable<void> Models(http::ResponseWriter& writer);
  asio::awaitable<void> Chat(const http::IncomingRequest& request, http::ResponseWriter& writer);
  asio::awaitable<std::optional<ApiError>> Generate(Call& call);
  asio::awaitable<bool> TakeDelta(Call& call, std::string_view text);
  asio::awaitable<void> Answer(Call& call);
  asio::awaitable<void> Fail(Call& call, const ApiError& error);
  Performance Measured(const Call& call) const;

  asio::any_io_executor executor_;
  const WrapperOptions& options_;
  PluginPool& pool_;
  const int64_t created_seconds_;
  uint64_t next_id_ = 1;
};

}  // namespace vlmhb::wrapper
