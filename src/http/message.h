#pragma once
// HTTP requests and responses as plain data, shared by client and server.

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace vlmhb::http {

struct Header {
  std::string name;
  std::string value;
};
using Headers = std::vector<Header>;

// The value of the first header of that name (case ignored), or "".
std::string_view FindHeader(const Headers& headers, std::string_view name);

struct Request {
  std::string method = "GET";
  std::string target = "/";  // path and query
  // Without Host, Content-Length and Connection: the client writes those.
  Headers headers;
  std::string body;
};

struct Response {
  int status = 0;
  Headers headers;
  std::string body;  // empty if the body was delivered as events or data

  // CLOCK_MONOTONIC. `first`/`last` are the times at which the read that brought the byte returned.
  Nanos send_begin{};    // before the first byte of the request was written
  Nanos send_end{};      // the last byte of the request was accepted by the system
  Nanos headers_at{};    // the response's header section was complete
  Nanos last_byte_at{};  // the response was complete
};

// "OK", "Not Found", …; "Unknown" for a status without a standard phrase.
std::string_view ReasonPhrase(int status);

}  // namespace vlmhb::http
