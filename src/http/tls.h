#pragma once
// TLS for clients of servers that are reached over the network: whom to reach, whom to trust, and
// as whom to appear. TLS 1.2 or newer. The server's certificate is always verified, against
// `ca_file` alone and against its name; nothing turns that off. There are no TLS servers here.

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "os/file.h"

namespace vlmhb::http {

struct TlsOptions {
  std::string host;  // a name, looked up in /etc/hosts and DNS, or a numeric address
  uint16_t port = 0;
  // PEM files.
  os::Path ca_file;           // the only authorities that are trusted
  os::Path certificate_file;  // the client's own, then its chain; "": none is shown
  os::Path key_file;          // of that certificate, not encrypted; "" if there is none
  std::string expected_name;  // name or address in the server's certificate; "": `host`
};

// Immutable; shared by all connections to one server, from any thread. What the files hold is read
// once: a certificate that is renewed later is not seen.
class TlsEndpoint {
 public:
  // REQUIRES: host and ca_file are not empty. Each error names its file and says what to do; what a
  // key file holds is in none.
  //   kNotFound, kPermission  a file that is not there, or may not be read
  //   kInvalidConfig          one that does not hold what it should, or another certificate's key
  static Result<std::shared_ptr<const TlsEndpoint>> Load(TlsOptions options);
  ~TlsEndpoint();

  const TlsOptions& options() const { return options_; }
  const std::string& expected_name() const {
    return options_.expected_name.empty() ? options_.host : options_.expected_name;
  }
  // "host:2376", "[::1]:2376"; also the Host header.
  std::string ToString() const;

  struct Context;  // internal to http/
  Context& context() const { return *context_; }

 private:
  explicit TlsEndpoint(TlsOptions options);

  TlsOptions options_;
  std::unique_ptr<Context> context_;
};

}  // namespace vlmhb::http
