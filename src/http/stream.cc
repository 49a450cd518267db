#include "http/stream.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace vlmhb::http {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

}  // namespace

asio::generic::stream_protocol::endpoint SystemEndpoint(const Endpoint& endpoint) {
  if (endpoint.is_unix()) return asio::local::stream_protocol::endpoint(endpoint.unix_path);
  return asio::ip::tcp::endpoint(asio::ip::make_address(endpoint.host), endpoint.port);
}

Nanos SteadyNow() { return SystemClock().Steady(); }

Stream::Stream(Socket socket) : socket_(std::move(socket)), timer_(socket_.get_executor()) {}

asio::awaitable<Result<void>> Stream::Connect(const Endpoint& endpoint) {
  const auto address = SystemEndpoint(endpoint);
  const auto [error] = co_await socket_.async_connect(address, kAwait);
  if (error && !closed_)
    co_return Error(ErrorCode::kUnavailable,
                    fmt::format("cannot connect to {}: {}", endpoint.ToString(), error.message()));
  if (error) co_return Failure(error, "connecting");
  // Small writes go out at once; a Unix socket knows no such option.
  boost::system::error_code ignored;
  if (!endpoint.is_unix()) socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  co_return Result<void>();
}

asio::awaitable<Result<size_t>> Stream::ReadSome(boost::beast::flat_buffer& into, size_t max) {
  const auto space = into.prepare(max);
  const auto [error, bytes] = co_await socket_.async_read_some(space, kAwait);
  if (error == asio::error::eof) co_return size_t{0};
  if (error) co_return Failure(error, "reading");
  into.commit(bytes);
  co_return bytes;
}

asio::awaitable<Result<void>> Stream::Write(std::string_view first, std::string_view second) {
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(first), asio::buffer(second)};
  const auto [error, bytes] = co_await asio::async_write(socket_, buffers, kAwait);
  if (error) co_return Failure(error, "writing");
  co_return Result<void>();
}

void Stream::SetDeadline(Millis from_now) {
  if (from_now.count() <= 0) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(from_now);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    // A wait that had already ended when the deadline was moved still reports success.
    if (error || !self || self->timer_.expiry() > asio::steady_timer::clock_type::now()) return;
    self->timed_out_ = true;
    self->Close();
  });
}

void Stream::Close() {
  closed_ = true;
  timer_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

Stream::Peeked Stream::Peek() {
  char byte = 0;
  const ssize_t n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n > 0) return Peeked::kData;
  return n < 0 && (errno == EAGAIN || errno == EINTR) ? Peeked::kNothing : Peeked::kEnd;
}

Error Stream::Failure(const boost::system::error_code& error, std::string_view doing) const {
  if (timed_out_) return Error(ErrorCode::kTimeout, fmt::format("time ran out while {}", doing));
  if (closed_ || error == asio::error::operation_aborted)
    return Error(ErrorCode::kCancelled, fmt::format("cancelled while {}", doing));
  return Error(ErrorCode::kIo,
               fmt::format("connection broke while {}: {}", doing, error.message()));
}

}  // namespace vlmhb::http
