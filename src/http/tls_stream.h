#pragma once
// Internal to http/: the TLS layer over a connected socket of a client. stream.h has deadlines and
// the errors of the socket itself.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <memory>
#include <optional>
#include <span>

#include "base/result.h"
#include "http/tls.h"

namespace vlmhb::http {

namespace asio = boost::asio;

class TlsStream {
 public:
  using Socket = asio::generic::stream_protocol::socket;

  // Closing `socket`, which must outlive this, ends what is in progress.
  TlsStream(Socket& socket, std::shared_ptr<const TlsEndpoint> endpoint);
  ~TlsStream();

  asio::awaitable<boost::system::error_code> Handshake();
  // Sets `bytes`; asio::error::eof only where the peer has said that it is done.
  asio::awaitable<boost::system::error_code> ReadSome(asio::mutable_buffer into, size_t& bytes);
  asio::awaitable<boost::system::error_code> Write(std::span<const asio::const_buffer> buffers);

  // What an error of the above means where it is one of TLS; nullopt: it is one of the socket.
  //   kPermission   a certificate was refused, the server's by us or ours by the server
  //   kUnsupported  the peer speaks no TLS, or none that we know
  //   kIo           what came is broken
  std::optional<Error> Explain(const boost::system::error_code& error) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vlmhb::http
