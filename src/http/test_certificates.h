#pragma once
// For tests only: certificates made at run time, and a blocking TLS server's side of a connection.

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <memory>
#include <string>
#include <string_view>

#include "http/tls.h"
#include "os/fd.h"
#include "os/file.h"

namespace vlmhb::http {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freer<X509_free>>;

struct Certificate {
  KeyPtr key;
  CertificatePtr certificate;
};

struct CertificateSpec {
  std::string names = "IP:127.0.0.1,DNS:localhost";  // "": none
  std::string usage = "serverAuth";                  // or "clientAuth"; "": any
  long valid_from_s = -3600;                         // from now on
  long valid_until_s = 3600;
};

// An authority and the folder of PEM files of a client that trusts it.
class TestAuthority {
 public:
  TestAuthority() : own_(Make({.names = "", .usage = ""}, nullptr)) {
    WriteCertificate(folder_.path() / "ca.pem", own_);
    WriteIdentity(*this);
  }

  Certificate Issue(const CertificateSpec& spec) const { return Make(spec, &own_); }
  X509* certificate() const { return own_.certificate.get(); }

  // ca.pem, cert.pem and key.pem.
  const os::Path& folder() const { return folder_.path(); }
  // Replaces cert.pem and key.pem by ones that `issuer` has signed.
  void WriteIdentity(const TestAuthority& issuer) const {
    const Certificate client = issuer.Issue({.names = "", .usage = "clientAuth"});
    WriteCertificate(folder_.path() / "cert.pem", client);
    WriteKey(folder_.path() / "key.pem", client, nullptr);
  }
  TlsOptions Options(const std::string& host, uint16_t port) const {
    return {.host = host,
            .port = port,
            .ca_file = folder() / "ca.pem",
            .certificate_file = folder() / "cert.pem",
            .key_file = folder() / "key.pem"};
  }

  static void WriteCertificate(const os::Path& file, const Certificate& certificate) {
    Write(file, [&](BIO* out) { return PEM_write_bio_X509(out, certificate.certificate.get()); });
  }
  // `password` null: not encrypted.
  static void WriteKey(const os::Path& file, const Certificate& certificate, const char* password) {
    Write(file, [&](BIO* out) {
      return PEM_write_bio_PKCS8PrivateKey(out, certificate.key.get(),
                                           password != nullptr ? EVP_aes_256_cbc() : nullptr,
                                           password, password != nullptr ? 4 : 0, nullptr, nullptr);
    });
  }

 private:
  template <typename Print>
  static void Write(const os::Path& file, const Print& print) {
    const std::unique_ptr<BIO, Freer<BIO_free_all>> out(BIO_new(BIO_s_mem()));
    CHECK(print(out.get()) == 1, "PEM can be written");
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    CHECK(os::WriteFileAtomic(file, {data, static_cast<size_t>(size)}).ok(), "the file is written");
  }

  static void Extend(X509* certificate, X509* issuer, int which, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, &context, which, value.c_str()));
    CHECK(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "an extension");
  }

  // Signed by `issuer`; null: by itself.
  static Certificate Make(const CertificateSpec& spec, const Certificate* issuer) {
    Certificate made{KeyPtr(EVP_EC_gen("P-256")), CertificatePtr(X509_new())};
    X509* const x = made.certificate.get();
    static long serial = 0;
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    X509_set_version(x, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(x), spec.valid_from_s);
    X509_gmtime_adj(X509_getm_notAfter(x), spec.valid_until_s);
    X509_set_pubkey(x, made.key.get());
    const std::string name = fmt::format("test {}", serial);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509* const by = issuer != nullptr ? issuer->certificate.get() : x;
    X509_set_issuer_name(x, X509_get_subject_name(by));
    if (issuer == nullptr) Extend(x, by, NID_basic_constraints, "critical,CA:TRUE");
    if (!spec.usage.empty()) Extend(x, by, NID_ext_key_usage, spec.usage);
    if (!spec.names.empty()) Extend(x, by, NID_subject_alt_name, spec.names);
    EVP_PKEY* const key = issuer != nullptr ? issuer->key.get() : made.key.get();
    CHECK(X509_sign(x, key, EVP_sha256()) > 0, "the certificate is signed");
    return made;
  }

  os::TempFolder folder_;
  Certificate own_;
};

struct TlsServerOptions {
  const TestAuthority* clients = nullptr;  // demands certificates that it has signed; null: none
  int oldest = TLS1_2_VERSION;
  int newest = TLS1_3_VERSION;
};

// The server's side of one connection. Blocking; gives up after 30 s.
class TlsPeer {
 public:
  TlsPeer(os::Fd fd, const Certificate& certificate, const TlsServerOptions& options)
      : fd_(std::move(fd)), context_(SSL_CTX_new(TLS_server_method())) {
    const timeval patience{30, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (options.newest < TLS1_2_VERSION) SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), options.oldest);
    SSL_CTX_set_max_proto_version(context_.get(), options.newest);
    SSL_CTX_use_certificate(context_.get(), certificate.certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), certificate.key.get());
    if (options.clients != nullptr) {
      SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                         nullptr);
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), options.clients->certificate());
    }
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd_.get());
  }

  bool Handshake() { return SSL_accept(ssl_.get()) == 1; }
  // Up to `size` bytes; 0 or less: the end.
  int Read(char* into, int size) { return SSL_read(ssl_.get(), into, size); }
  // Everything up to and including `mark`, or what came before the end.
  std::string ReadUntil(std::string_view mark) {
    std::string seen;
    char byte = 0;
    while (!seen.ends_with(mark) && Read(&byte, 1) == 1) seen += byte;
    return seen;
  }
  void Send(std::string_view bytes) {
    if (!bytes.empty()) (void)SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  }
  const char* ServerName() const {
    const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
  }
  bool HasPending() const { return SSL_has_pending(ssl_.get()) != 0; }
  int fd() const { return fd_.get(); }
  // An orderly end of TLS and of the connection.
  void Close() {
    SSL_shutdown(ssl_.get());
    fd_.Reset();
  }
  void Cut() { fd_.Reset(); }

 private:
  os::Fd fd_;
  std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, Freer<SSL_free>> ssl_;
};

}  // namespace vlmhb::http
