#include "http/tls_stream.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "http/tls_context.h"

namespace vlmhb::http {
namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

// The standard check of the name, which by itself does not say that it was the name.
bool VerifyName(const std::string& name, bool verified, asio::ssl::verify_context& context) {
  const bool good = asio::ssl::host_name_verification(name)(verified, context);
  if (verified && !good)
    X509_STORE_CTX_set_error(context.native_handle(), X509_V_ERR_HOSTNAME_MISMATCH);
  return good;
}

Error ServerRefused(long why, const TlsEndpoint& endpoint) {
  const char* const reason = X509_verify_cert_error_string(why);
  std::string advice;
  switch (why) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
      advice = fmt::format(
          "it is not for '{}'; use the name or address that it is for, or have one "
          "made for this",
          endpoint.expected_name());
      break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      advice = fmt::format("{}; have it renewed, or set this machine's clock", reason);
      break;
    default:
      advice = fmt::format(
          "no authority in {} vouches for it: {}; get the file from whoever runs "
          "the server",
          endpoint.options().ca_file.string(), reason);
  }
  return Error(ErrorCode::kPermission,
               fmt::format("the certificate of the server is not to be trusted: {}", advice));
}

Error ClientRefused(int reason, const TlsEndpoint& endpoint) {
  const os::Path& file = endpoint.options().certificate_file;
  if (file.empty())
    return Error(ErrorCode::kPermission,
                 "the server wants a client certificate, and none is set; set one, with its key");
  std::string_view why = "it is of an authority that it does not know, or has expired";
  if (reason == SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED) why = "it has expired";
  if (reason == SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED) why = "it was revoked";
  if (reason == SSL_R_TLSV1_ALERT_UNKNOWN_CA) why = "it is of an authority that it does not know";
  return Error(ErrorCode::kPermission,
               fmt::format("the server refuses the client certificate {}: {}; use one that its own "
                           "authority has signed for clients",
                           file.string(), why));
}

}  // namespace

struct TlsStream::State {
  State(Socket& socket, std::shared_ptr<const TlsEndpoint> to)
      : endpoint(std::move(to)), stream(socket, endpoint->context().context) {}

  std::shared_ptr<const TlsEndpoint> endpoint;
  asio::ssl::stream<Socket&> stream;
};

TlsStream::TlsStream(Socket& socket, std::shared_ptr<const TlsEndpoint> endpoint)
    : state_(std::make_unique<State>(socket, std::move(endpoint))) {
  state_->stream.set_verify_callback([name = state_->endpoint->expected_name()](
                                         bool verified, asio::ssl::verify_context& context) {
    return VerifyName(name, verified, context);
  });
  // The standard has no addresses there.
  const std::string& name = state_->endpoint->expected_name();
  boost::system::error_code not_numeric;
  asio::ip::make_address(name, not_numeric);
  if (not_numeric) SSL_set_tlsext_host_name(state_->stream.native_handle(), name.c_str());
}

TlsStream::~TlsStream() = default;

asio::awaitable<boost::system::error_code> TlsStream::Handshake() {
  const auto [error] =
      co_await state_->stream.async_handshake(asio::ssl::stream_base::client, kAwait);
  co_return error;
}

asio::awaitable<boost::system::error_code> TlsStream::ReadSome(asio::mutable_buffer into,
                                                               size_t& bytes) {
  const auto [error, read] = co_await state_->stream.async_read_some(into, kAwait);
  bytes = read;
  co_return error;
}

asio::awaitable<boost::system::error_code> TlsStream::Write(
    std::span<const asio::const_buffer> buffers) {
  const auto [error, written] = co_await asio::async_write(state_->stream, buffers, kAwait);
  if (!error || Explain(error).has_value()) co_return error;
  // A server that refuses our certificate says so and closes. In TLS 1.3 it does that after the
  // handshake, when we are writing already: what it said is still to be read.
  char byte = 0;
  const auto [said, read] = co_await state_->stream.async_read_some(asio::buffer(&byte, 1), kAwait);
  co_return Explain(said).has_value() ? said : error;
}

std::optional<Error> TlsStream::Explain(const boost::system::error_code& error) const {
  if (error.category() != asio::error::get_ssl_category()) return std::nullopt;
  const auto code = static_cast<unsigned long>(static_cast<unsigned>(error.value()));
  const int reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0;
  const TlsEndpoint& endpoint = *state_->endpoint;
  switch (reason) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return ServerRefused(SSL_get_verify_result(state_->stream.native_handle()), endpoint);
    case SSL_R_SSLV3_ALERT_NO_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return ClientRefused(reason, endpoint);
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
      // Also how a missing client certificate is told before TLS 1.3.
      if (endpoint.options().certificate_file.empty()) return ClientRefused(reason, endpoint);
      return Error(ErrorCode::kUnsupported,
                   "the server refuses the TLS handshake: no cipher in common, or it does not want "
                   "the client certificate; its log says more");
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
      return Error(ErrorCode::kUnsupported,
                   "what listens there does not speak TLS; give the TLS port of the server");
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return Error(ErrorCode::kUnsupported,
                   "the server speaks no TLS that is safe; it must know TLS 1.2 or newer");
    default:
      return Error(ErrorCode::kIo, fmt::format("TLS failed: {}", error.message()));
  }
}

}  // namespace vlmhb::http
