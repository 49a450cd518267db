#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "docker/engine.h"
#include "http/endpoint.h"

namespace vlmhb::docker {
namespace {

constexpr std::string_view kUnix = "unix://";
constexpr std::string_view kTcp = "tcp://";
constexpr uint16_t kTlsPort = 2376;

Error Refuse(std::string_view text, std::string_view why) {
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("engine '{}': {}; expected unix:///path or tcp://HOST:PORT", text, why));
}

bool IsHostName(std::string_view host) {
  return !host.empty() && host.size() <= 253 && host.front() != '-' && host.front() != '.' &&
         std::ranges::all_of(host, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.';
         });
}

bool IsV6(std::string_view host) {
  return host.size() >= 2 && std::ranges::all_of(host, [](char c) {
           return (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || (c >= '0' && c <= '9') ||
                  c == ':' || c == '.';
         });
}

Result<EngineAddress> ParseTcp(std::string_view text, const Path& certificates) {
  std::string_view rest = text.substr(kTcp.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  EngineAddress address;
  std::string_view port;
  if (rest.starts_with('[')) {
    const size_t end = rest.find(']');
    if (end == std::string_view::npos) return Refuse(text, "the ']' is missing");
    address.host = rest.substr(1, end - 1);
    port = rest.substr(end + 1);
    if (!IsV6(address.host)) return Refuse(text, "what is in brackets is not an IPv6 address");
  } else {
    const size_t colon = std::min(rest.find(':'), rest.size());
    address.host = rest.substr(0, colon);
    port = rest.substr(colon);
    if (!IsHostName(address.host)) return Refuse(text, "the host's name is not valid");
  }
  address.port = kTlsPort;
  if (!port.empty()) {
    const auto [end, error] = std::from_chars(port.data() + 1, port.end(), address.port);
    if (port[0] != ':' || error != std::errc() || end != port.end() || address.port == 0)
      return Refuse(text, "the port is not 1 to 65535");
  }
  if (certificates.empty())
    return Refuse(text,
                  "an engine is reached over the network only by TLS: set the folder with ca.pem, "
                  "cert.pem and key.pem (DOCKER_CERT_PATH)");
  address.certificates = certificates;
  return address;
}

}  // namespace

Result<EngineAddress> EngineAddress::Parse(std::string_view text, const Path& certificates) {
  if (text.starts_with(kTcp)) return ParseTcp(text, certificates);
  if (!text.starts_with(kUnix)) return Refuse(text, "neither a Unix socket nor a tcp address");
  EngineAddress address;
  address.unix_socket = text.substr(kUnix.size());
  const Result<http::Endpoint> endpoint = http::Endpoint::Parse("unix:" + address.unix_socket);
  if (!endpoint.ok()) return endpoint.error();
  return address;
}

std::string EngineAddress::ToString() const {
  if (!unix_socket.empty()) return std::string(kUnix) + unix_socket;
  const bool v6 = host.find(':') != std::string::npos;
  return v6 ? fmt::format("{}[{}]:{}", kTcp, host, port) : fmt::format("{}{}:{}", kTcp, host, port);
}

}  // namespace vlmhb::docker
