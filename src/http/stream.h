#pragma once
// A connected stream socket (Unix or TCP, of a client also TLS) with one deadline for whatever it
// is doing, and errors in our terms. Below client and server; the API wrapper talks to its plug-ins
// through it as well.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/endpoint.h"

namespace vlmhb::http {

namespace asio = boost::asio;

class TlsEndpoint;
class TlsStream;

asio::generic::stream_protocol::endpoint SystemEndpoint(const Endpoint& endpoint);
Nanos SteadyNow();

// Owned by shared_ptr, so that a timer that fires late finds it gone.
class Stream : public std::enable_shared_from_this<Stream> {
 public:
  using Socket = asio::generic::stream_protocol::socket;
  explicit Stream(Socket socket);
  ~Stream();

  asio::awaitable<Result<void>> Connect(const Endpoint& endpoint);
  // Looks the name up, connects and shakes hands; what is read and written from then on is TLS.
  //   kUnavailable  there is no such name, or nobody listens
  //   kPermission, kUnsupported, kIo  as TlsStream::Explain, of later operations too
  asio::awaitable<Result<void>> ConnectTls(std::shared_ptr<const TlsEndpoint> endpoint);
  // Appends up to `max` bytes; 0 read: the peer has closed its side.
  asio::awaitable<Result<size_t>> ReadSome(boost::beast::flat_buffer& into, size_t max);
  asio::awaitable<Result<void>> Write(std::string_view first, std::string_view second = {});

  // Once it passes, the socket is closed and its operations end with kTimeout. 0: none.
  void SetDeadline(Millis from_now);
  // Operations in progress end with kCancelled.
  void Close();
  bool closed() const { return closed_; }

  enum class Peeked { kNothing, kData, kEnd };
  // Looks without reading or waiting. kEnd: closed or broken by the peer.
  Peeked Peek();
  Socket& socket() { return socket_; }

 private:
  using Address = asio::generic::stream_protocol::endpoint;

  asio::awaitable<boost::system::error_code> ConnectSocket(const Address& address);
  asio::awaitable<Result<std::vector<Address>>> Resolve(const TlsEndpoint& endpoint);
  Error Failure(const boost::system::error_code& error, std::string_view doing) const;

  Socket socket_;
  asio::steady_timer timer_;
  asio::steady_timer resolved_;     // ends when a name was looked up
  std::unique_ptr<TlsStream> tls_;  // null: plain
  bool timed_out_ = false;
  bool closed_ = false;
};

}  // namespace vlmhb::http
