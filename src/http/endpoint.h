#pragma once
// Where a server listens: a Unix socket, or a port of this machine. Nothing else is reachable
// from inside of an environment, and nothing here ever resolves a name.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vlmhb::http {

struct Endpoint {
  std::string unix_path;  // empty: TCP
  std::string host;       // a numeric loopback address, "127.0.0.1" or "::1"
  uint16_t port = 0;      // 0: the system chooses (servers only)

  // "unix:/path", "127.0.0.1:8000", "[::1]:8000" or "localhost:8000" (meaning 127.0.0.1).
  // kInvalidConfig for anything else, for addresses that are not loopback ones, and for socket
  // paths that the system cannot hold (over 107 bytes).
  static Result<Endpoint> Parse(std::string_view text);

  bool is_unix() const { return !unix_path.empty(); }
  // The form that Parse reads.
  std::string ToString() const;
  // What the Host header says: "localhost" for Unix sockets.
  std::string HostHeader() const;
};

}  // namespace vlmhb::http
