#include "http/endpoint.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <charconv>

namespace vlmhb::http {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

Error Refuse(std::string_view text, std::string_view why) {
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("address '{}': {}; expected unix:/path or 127.0.0.1:PORT", text, why));
}

bool IsLoopback(const std::string& host) {
  in_addr v4{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6) != 0;
}

Result<Endpoint> ParseUnix(std::string_view text) {
  Endpoint endpoint;
  endpoint.unix_path = text.substr(kUnixPrefix.size());
  if (endpoint.unix_path.empty() || endpoint.unix_path[0] != '/')
    return Refuse(text, "the socket's path is not absolute");
  if (endpoint.unix_path.find('\0') != std::string::npos)
    return Refuse(text, "the socket's path contains a zero byte");
  constexpr size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;
  if (endpoint.unix_path.size() > kLongest)
    return Refuse(text, fmt::format("the socket's path is longer than {} bytes", kLongest));
  return endpoint;
}

}  // namespace

Result<Endpoint> Endpoint::Parse(std::string_view text) {
  if (text.substr(0, kUnixPrefix.size()) == kUnixPrefix) return ParseUnix(text);
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Refuse(text, "no port");

  Endpoint endpoint;
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  endpoint.host = host == "localhost" ? "127.0.0.1" : std::string(host);
  if (!IsLoopback(endpoint.host)) return Refuse(text, "not a loopback address");

  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.begin(), port.end(), endpoint.port);
  if (error != std::errc() || end != port.end()) return Refuse(text, "the port is not 0 to 65535");
  return endpoint;
}

std::string Endpoint::ToString() const {
  if (is_unix()) return std::string(kUnixPrefix) + unix_path;
  return HostHeader();
}

std::string Endpoint::HostHeader() const {
  if (is_unix()) return "localhost";
  const bool v6 = host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace vlmhb::http
