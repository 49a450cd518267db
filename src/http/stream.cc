#include "http/stream.h"

#include <fmt/format.h>
#include <nss.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "http/tls.h"
#include "http/tls_stream.h"

namespace vlmhb::http {
namespace {

using asio::ip::tcp;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

// A lookup that may outlive whoever has asked.
struct Lookup {
  explicit Lookup(const asio::any_io_executor& executor) : resolver(executor) {}

  tcp::resolver resolver;
  boost::system::error_code error = asio::error::operation_aborted;  // until there is an answer
  std::vector<asio::generic::stream_protocol::endpoint> addresses;
};

// What else nsswitch.conf may name are plug-ins, which a static program must not load: they are
// made for the C library of the machine.
void LookUpInFilesAndDns() {
  static const int once = ::__nss_configure_lookup("hosts", "files dns");
  (void)once;
}

}  // namespace

asio::generic::stream_protocol::endpoint SystemEndpoint(const Endpoint& endpoint) {
  if (endpoint.is_unix()) return asio::local::stream_protocol::endpoint(endpoint.unix_path);
  return tcp::endpoint(asio::ip::make_address(endpoint.host), endpoint.port);
}

Nanos SteadyNow() { return SystemClock().Steady(); }

Stream::Stream(Socket socket)
    : socket_(std::move(socket)),
      timer_(socket_.get_executor()),
      resolved_(socket_.get_executor()) {}

Stream::~Stream() = default;

asio::awaitable<boost::system::error_code> Stream::ConnectSocket(const Address& address) {
  const auto [error] = co_await socket_.async_connect(address, kAwait);
  // Small writes go out at once; a Unix socket knows no such option.
  boost::system::error_code ignored;
  if (!error && address.protocol().family() != AF_UNIX)
    socket_.set_option(tcp::no_delay(true), ignored);
  co_return error;
}

asio::awaitable<Result<void>> Stream::Connect(const Endpoint& endpoint) {
  const auto error = co_await ConnectSocket(SystemEndpoint(endpoint));
  if (error && !closed_)
    co_return Error(ErrorCode::kUnavailable,
                    fmt::format("cannot connect to {}: {}", endpoint.ToString(), error.message()));
  if (error) co_return Failure(error, "connecting");
  co_return Result<void>();
}

asio::awaitable<Result<std::vector<Stream::Address>>> Stream::Resolve(const TlsEndpoint& endpoint) {
  const TlsOptions& to = endpoint.options();
  boost::system::error_code not_numeric;
  const auto numeric = asio::ip::make_address(to.host, not_numeric);
  if (!not_numeric) co_return std::vector<Address>{tcp::endpoint(numeric, to.port)};

  // The system's lookup runs on a thread and cannot be ended. Close() and a deadline end the wait.
  LookUpInFilesAndDns();
  const auto lookup = std::make_shared<Lookup>(socket_.get_executor());
  resolved_.expires_at(asio::steady_timer::time_point::max());
  lookup->resolver.async_resolve(
      to.host, std::to_string(to.port),
      [lookup, weak = weak_from_this()](const auto& error,
                                        const tcp::resolver::results_type& results) {
        lookup->error = error;
        for (const auto& entry : results) lookup->addresses.emplace_back(entry.endpoint());
        if (const auto self = weak.lock()) self->resolved_.cancel();
      });
  (void)co_await resolved_.async_wait(kAwait);
  if (closed_ || lookup->error == asio::error::operation_aborted)
    co_return Failure(asio::error::operation_aborted, "looking up " + to.host);
  if (lookup->error)
    co_return Error(
        ErrorCode::kUnavailable,
        fmt::format("no address is known for {}: {}; check the name, /etc/hosts and DNS", to.host,
                    lookup->error.message()));
  co_return std::move(lookup->addresses);
}

asio::awaitable<Result<void>> Stream::ConnectTls(std::shared_ptr<const TlsEndpoint> endpoint) {
  const Result<std::vector<Address>> addresses = co_await Resolve(*endpoint);
  if (!addresses.ok()) co_return addresses.error();
  boost::system::error_code error = asio::error::host_not_found;
  for (const Address& address : *addresses) {
    boost::system::error_code ignored;
    socket_.close(ignored);  // after an attempt at an address of another family
    error = co_await ConnectSocket(address);
    if (!error || closed_) break;
  }
  if (closed_) co_return Failure(asio::error::operation_aborted, "connecting");
  if (error)
    co_return Error(ErrorCode::kUnavailable,
                    fmt::format("cannot connect to {}: {}", endpoint->ToString(), error.message()));
  tls_ = std::make_unique<TlsStream>(socket_, std::move(endpoint));
  error = co_await tls_->Handshake();
  if (error) co_return Failure(error, "agreeing on TLS");
  co_return Result<void>();
}

asio::awaitable<Result<size_t>> Stream::ReadSome(boost::beast::flat_buffer& into, size_t max) {
  const auto space = into.prepare(max);
  boost::system::error_code error;
  size_t bytes = 0;
  if (tls_)
    error = co_await tls_->ReadSome(space, bytes);
  else
    std::tie(error, bytes) = co_await socket_.async_read_some(space, kAwait);
  if (error == asio::error::eof) co_return size_t{0};
  if (error) co_return Failure(error, "reading");
  into.commit(bytes);
  co_return bytes;
}

asio::awaitable<Result<void>> Stream::Write(std::string_view first, std::string_view second) {
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(first), asio::buffer(second)};
  boost::system::error_code error;
  if (tls_)
    error = co_await tls_->Write(buffers);
  else
    error = std::get<0>(co_await asio::async_write(socket_, buffers, kAwait));
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
  resolved_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

// Of TLS this sees records, also those that hold no data of the peer's: an end, for instance.
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
  if (tls_)
    if (std::optional<Error> explained = tls_->Explain(error)) return *std::move(explained);
  return Error(ErrorCode::kIo,
               fmt::format("connection broke while {}: {}", doing, error.message()));
}

}  // namespace vlmhb::http
