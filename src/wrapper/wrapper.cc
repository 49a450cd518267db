#include "wrapper/wrapper.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "http/server.h"
#include "wrapper/api.h"
#include "wrapper/log.h"
#include "wrapper/plugin_pool.h"

namespace vlmhb::wrapper {
namespace {

constexpr Millis kStopPoll{50};
constexpr size_t kSpareConnections = 64;
constexpr Millis kStopGrace{1'000};  // for answers on their way to clients

PoolOptions ToPoolOptions(const WrapperOptions& options) {
  PoolOptions pool;
  pool.command.argv = options.command;
  pool.command.env = options.env;
  pool.command.load_params = options.load_params;
  pool.command.load_timeout = options.load_timeout;
  pool.command.idle_timeout = options.idle_timeout;
  pool.command.cancel_grace = Millis(2'000);
  pool.processes = options.processes;
  pool.max_queue = options.max_queue;
  return pool;
}

// Waits for the stop, then ends everything in order; the io_context runs empty after it.
asio::awaitable<void> StopWhenAsked(const std::atomic<bool>& stop, http::Server& server,
                                    PluginPool& pool) {
  asio::steady_timer tick(co_await asio::this_coro::executor);
  while (!stop) {
    tick.expires_after(kStopPoll);
    co_await tick.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_await pool.Stop();
  co_await server.Stop(kStopGrace);
}

}  // namespace

Result<void> RunWrapper(const WrapperOptions& options, const std::atomic<bool>& stop,
                        const std::function<void(std::string_view address)>& on_listening) {
  VLMHB_ASSIGN(Log log, Log::Open(options.log));
  asio::io_context io(1);
  PluginPool pool(io.get_executor(), ToPoolOptions(options), log);
  Api api(io.get_executor(), options, pool);
  http::ServerOptions limits;
  limits.max_body_bytes = options.max_body_bytes;
  // Who waits or is served holds a connection; a few more ask for /health or are about to be
  // refused.
  limits.max_connections = options.max_queue +
                           static_cast<size_t>(options.processes * worker::kMaxRequests) +
                           kSpareConnections;
  VLMHB_ASSIGN(const std::unique_ptr<http::Server> server,
               http::Server::Listen(
                   io.get_executor(), options.listen, limits,
                   [&api](const http::IncomingRequest& request, http::ResponseWriter& writer) {
                     return api.Handle(request, writer);
                   }));
  on_listening(server->endpoint().ToString());
  pool.Start();
  asio::co_spawn(io, StopWhenAsked(stop, *server, pool), asio::detached);
  try {
    io.run();
  } catch (const std::exception& error) {
    return Error(ErrorCode::kInternal, std::string("the API wrapper failed: ") + error.what());
  }
  return {};
}

}  // namespace vlmhb::wrapper
