#include "http/listen.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>

#include "http/stream.h"

namespace vlmhb::http {
namespace {

Error ListenError(int error, const Endpoint& endpoint) {
  if (error == EADDRINUSE)
    return Error(
        ErrorCode::kUnavailable,
        fmt::format("cannot listen on {}: something listens there already", endpoint.ToString()));
  return ErrnoError(error, fmt::format("cannot listen on {}", endpoint.ToString()));
}

// Removes a socket file that nobody listens on any more. Other files stay, and make bind fail.
void RemoveDeadSocket(const Endpoint& endpoint) {
  struct stat info {};
  if (::lstat(endpoint.unix_path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return;
  const auto address = SystemEndpoint(endpoint);
  const os::Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (probe.valid() &&
      ::connect(probe.get(), address.data(), static_cast<socklen_t>(address.size())) != 0 &&
      errno == ECONNREFUSED)
    ::unlink(endpoint.unix_path.c_str());
}

uint16_t BoundPort(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
}

}  // namespace

Result<os::Fd> OpenListener(Endpoint& endpoint) {
  const auto address = SystemEndpoint(endpoint);
  os::Fd fd(::socket(address.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return ListenError(errno, endpoint);
  if (endpoint.is_unix()) {
    RemoveDeadSocket(endpoint);
    // On Linux the socket's mode before bind is that of the file which bind makes, so that there
    // is no moment at which others could connect.
    if (::fchmod(fd.get(), 0600) != 0) return ListenError(errno, endpoint);
  } else {
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  }
  if (::bind(fd.get(), address.data(), static_cast<socklen_t>(address.size())) != 0 ||
      ::listen(fd.get(), SOMAXCONN) != 0)
    return ListenError(errno, endpoint);
  if (!endpoint.is_unix()) endpoint.port = BoundPort(fd.get());
  return fd;
}

}  // namespace vlmhb::http
