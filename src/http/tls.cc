#include "http/tls.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include "http/tls_context.h"

namespace vlmhb::http {
namespace {

constexpr size_t kLargestPem = 1u << 20;

Result<std::string> ReadPem(const os::Path& file, std::string_view advice) {
  Result<std::string> text = os::ReadFile(file, kLargestPem);
  if (text.ok()) return text;
  return Error(text.error().code(), fmt::format("{}; {}", text.error().message(), advice));
}

Error BadFile(const os::Path& file, std::string_view what, std::string_view advice) {
  return Error(ErrorCode::kInvalidConfig, fmt::format("{} {}; {}", file.string(), what, advice));
}

Result<void> TakeAuthorities(asio::ssl::context& context, const os::Path& file) {
  constexpr std::string_view kAdvice =
      "it must be the certificate, in PEM, of the authority that has signed the server's";
  VLMHB_ASSIGN(const std::string pem, ReadPem(file, kAdvice));
  boost::system::error_code error;
  context.add_certificate_authority(asio::buffer(pem), error);
  if (error) return BadFile(file, "holds no readable certificate", kAdvice);
  return {};
}

Result<void> TakeIdentity(asio::ssl::context& context, const TlsOptions& options) {
  const os::Path& file = options.certificate_file;
  const os::Path& key_file = options.key_file;
  constexpr std::string_view kCertificate =
      "it must be the client's certificate, in PEM, signed by an authority that the server trusts";
  const std::string key_advice =
      fmt::format("it must be the private key of {}, in PEM and not encrypted", file.string());
  VLMHB_ASSIGN(const std::string pem, ReadPem(file, kCertificate));
  boost::system::error_code error;
  context.use_certificate_chain(asio::buffer(pem), error);
  if (error) return BadFile(file, "holds no usable certificate", kCertificate);

  VLMHB_ASSIGN(std::string key, ReadPem(key_file, key_advice));
  // Without this OpenSSL asks for a password at the terminal.
  context.set_password_callback([](size_t, asio::ssl::context::password_purpose) { return ""; },
                                error);
  context.use_private_key(asio::buffer(key), asio::ssl::context::pem, error);
  OPENSSL_cleanse(key.data(), key.size());
  const bool of_another = ERR_GET_LIB(static_cast<unsigned>(error.value())) == ERR_LIB_X509;
  if (error && of_another)
    return BadFile(key_file, "is the key of another certificate", key_advice);
  if (error) return BadFile(key_file, "holds no usable private key", key_advice);
  return {};
}

}  // namespace

TlsEndpoint::TlsEndpoint(TlsOptions options)
    : options_(std::move(options)), context_(std::make_unique<Context>()) {}

TlsEndpoint::~TlsEndpoint() = default;

Result<std::shared_ptr<const TlsEndpoint>> TlsEndpoint::Load(TlsOptions options) {
  CHECK(!options.host.empty() && !options.ca_file.empty(), "a TLS server and its authority");
  const std::shared_ptr<TlsEndpoint> endpoint(new TlsEndpoint(std::move(options)));
  asio::ssl::context& context = endpoint->context_->context;
  CHECK(SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION) == 1, "TLS 1.2");
  context.set_verify_mode(asio::ssl::verify_peer);
  const TlsOptions& given = endpoint->options();
  VLMHB_TRY(TakeAuthorities(context, given.ca_file));
  if (!given.certificate_file.empty()) VLMHB_TRY(TakeIdentity(context, given));
  return std::shared_ptr<const TlsEndpoint>(endpoint);
}

std::string TlsEndpoint::ToString() const {
  const bool v6 = options_.host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", options_.host, options_.port)
            : fmt::format("{}:{}", options_.host, options_.port);
}

}  // namespace vlmhb::http
