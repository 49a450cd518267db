#include "http/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <unordered_set>

#include "http/listen.h"
#include "http/session.h"

namespace vlmhb::http {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
using Protocol = asio::generic::stream_protocol;
using Acceptor = asio::basic_socket_acceptor<Protocol>;

constexpr std::string_view kTooMany =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

}  // namespace

struct Server::State {
  State(asio::any_io_executor executor, const ServerOptions& server_options, Handler on_request)
      : acceptor(executor),
        changed(executor),
        options(server_options),
        handler(std::move(on_request)) {}

  Acceptor acceptor;
  asio::steady_timer changed;  // waited on by Stop, cancelled when a session ends
  const ServerOptions options;
  const Handler handler;
  Endpoint endpoint;
  std::unordered_set<std::shared_ptr<Session>> sessions;

  void StopListening() {
    if (!acceptor.is_open()) return;
    boost::system::error_code ignored;
    acceptor.close(ignored);
    if (endpoint.is_unix()) ::unlink(endpoint.unix_path.c_str());
  }

  static asio::awaitable<void> Serve(std::shared_ptr<State> self,
                                     std::shared_ptr<Session> session) {
    co_await Session::Run(session);
    self->sessions.erase(session);
    self->changed.cancel();
  }

  static void Admit(const std::shared_ptr<State>& self, Protocol::socket socket) {
    if (self->sessions.size() >= self->options.max_connections) {
      // Best effort: the buffer of a fresh socket has room for it.
      ::send(socket.native_handle(), kTooMany.data(), kTooMany.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      return;
    }
    boost::system::error_code ignored;
    if (!self->endpoint.is_unix()) socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    auto session = std::make_shared<Session>(std::move(socket), self->options, self->handler);
    self->sessions.insert(session);
    asio::co_spawn(self->acceptor.get_executor(), Serve(self, session), asio::detached);
  }

  static asio::awaitable<void> Accept(std::shared_ptr<State> self) {
    asio::steady_timer pause(self->acceptor.get_executor());
    while (self->acceptor.is_open()) {
      auto [error, socket] = co_await self->acceptor.async_accept(kAwait);
      if (!error) {
        Admit(self, std::move(socket));
      } else if (self->acceptor.is_open()) {
        // Out of descriptors, most likely: the queue stays readable, so do not spin on it.
        pause.expires_after(Millis(100));
        co_await pause.async_wait(kAwait);
      }
    }
  }

  // Until no session is left, or `until`.
  asio::awaitable<void> WaitForSessions(asio::steady_timer::time_point until) {
    while (!sessions.empty() && asio::steady_timer::clock_type::now() < until) {
      changed.expires_at(until);
      co_await changed.async_wait(kAwait);
    }
  }
};

Server::Server(std::shared_ptr<State> state) : state_(std::move(state)) {}

Server::~Server() {
  state_->StopListening();
  const auto sessions = state_->sessions;
  for (const auto& session : sessions) session->Abort();
}

Result<std::unique_ptr<Server>> Server::Listen(asio::any_io_executor executor,
                                               const Endpoint& endpoint,
                                               const ServerOptions& options, Handler handler) {
  auto state = std::make_shared<State>(executor, options, std::move(handler));
  state->endpoint = endpoint;
  VLMHB_ASSIGN(os::Fd fd, OpenListener(state->endpoint));
  boost::system::error_code error;
  const int family = SystemEndpoint(endpoint).protocol().family();
  state->acceptor.assign(Protocol(family, 0), fd.get(), error);
  if (error) return Error(ErrorCode::kIo, "cannot watch the listening socket: " + error.message());
  fd.Release();
  asio::co_spawn(executor, State::Accept(state), asio::detached);
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

const Endpoint& Server::endpoint() const { return state_->endpoint; }
size_t Server::connections() const { return state_->sessions.size(); }

asio::awaitable<void> Server::Stop(Millis grace) {
  const std::shared_ptr<State> state = state_;
  state->StopListening();
  const auto idle = state->sessions;
  for (const auto& session : idle) session->StopAfterRequest();
  co_await state->WaitForSessions(asio::steady_timer::clock_type::now() + grace);
  const auto busy = state->sessions;
  for (const auto& session : busy) session->Abort();
  co_await state->WaitForSessions(asio::steady_timer::time_point::max());
}

}  // namespace vlmhb::http
