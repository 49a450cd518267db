#include "http/message.h"

#include <algorithm>

#include "base/text.h"

namespace vlmhb::http {

std::string_view FindHeader(const Headers& headers, std::string_view name) {
  const std::string wanted = AsciiLower(name);
  const auto it = std::find_if(headers.begin(), headers.end(), [&](const Header& header) {
    return AsciiLower(header.name) == wanted;
  });
  return it == headers.end() ? std::string_view() : std::string_view(it->value);
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 422:
      return "Unprocessable Content";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Unknown";
  }
}

}  // namespace vlmhb::http
