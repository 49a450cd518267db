#pragma once
// For tests only: an event loop on a thread of its own, and a blocking socket that can misbehave
// in ways that a proper client or server cannot.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "http/stream.h"
#include "os/fd.h"

namespace vlmhb::http {

inline constexpr std::chrono::seconds kTestPatience{30};

// Asio's completion handlers need a value that can be made from nothing; a Result cannot.
template <typename T>
asio::awaitable<std::optional<T>> Boxed(asio::awaitable<T> inner) {
  co_return std::optional<T>(co_await std::move(inner));
}

// Runs an io_context until destruction.
class LoopThread {
 public:
  LoopThread() : work_(asio::make_work_guard(io_)), thread_([this] { io_.run(); }) {}
  ~LoopThread() {
    io_.stop();
    thread_.join();
  }
  asio::any_io_executor executor() { return io_.get_executor(); }

  // Runs the coroutine that `make` returns and waits for its result.
  template <typename Make>
  auto Run(Make make) {
    auto future = asio::co_spawn(io_, std::move(make), asio::use_future);
    CHECK(future.wait_for(kTestPatience) == std::future_status::ready, "the coroutine ends");
    return future.get();
  }
  // Runs `function` on the loop's thread and waits.
  template <typename Function>
  auto Call(Function function) {
    return asio::post(io_, asio::use_future(std::move(function))).get();
  }
  // Polls `condition` on the loop's thread until it holds.
  bool Eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + kTestPatience;
    while (std::chrono::steady_clock::now() < deadline) {
      if (Call(condition)) return true;
      std::this_thread::yield();
    }
    return false;
  }

 private:
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
};

// A blocking stream socket.
class RawPeer {
 public:
  explicit RawPeer(os::Fd fd) : fd_(std::move(fd)) {}
  static RawPeer ConnectTo(const Endpoint& endpoint) {
    const auto address = SystemEndpoint(endpoint);
    os::Fd fd(::socket(address.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    CHECK(::connect(fd.get(), address.data(), static_cast<socklen_t>(address.size())) == 0,
          "the server listens");
    const int on = 1;  // many tests send a message in two parts
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return RawPeer(std::move(fd));
  }

  // Stops silently when the other side has closed.
  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  // Everything up to and including `mark`, or to the end of the stream ("" means that).
  std::string ReadUntil(std::string_view mark) {
    while (true) {
      const size_t at = mark.empty() ? std::string::npos : seen_.find(mark);
      if (at != std::string::npos) return Take(at + mark.size());
      pollfd waiting{fd_.get(), POLLIN, 0};
      const auto patience = std::chrono::milliseconds(kTestPatience).count();
      CHECK(::poll(&waiting, 1, static_cast<int>(patience)) > 0, "the peer sends or closes");
      char chunk[65536];
      const ssize_t n = ::recv(fd_.get(), chunk, sizeof chunk, 0);
      if (n <= 0) return Take(seen_.size());
      seen_.append(chunk, static_cast<size_t>(n));
    }
  }
  std::string ReadAll() { return ReadUntil(""); }
  void StopSending() { ::shutdown(fd_.get(), SHUT_WR); }
  void Close() { fd_.Reset(); }
  // Close with a reset instead of an orderly end (TCP).
  void Reset() {
    const linger now{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    fd_.Reset();
  }

 private:
  std::string Take(size_t bytes) {
    std::string taken = seen_.substr(0, bytes);
    seen_.erase(0, bytes);
    return taken;
  }
  os::Fd fd_;
  std::string seen_;
};

}  // namespace vlmhb::http
