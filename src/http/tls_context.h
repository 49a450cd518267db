#pragma once
// Internal to http/: OpenSSL's view of a TlsEndpoint. Of headers, only this one includes OpenSSL.

#include <boost/asio/ssl/context.hpp>

#include "http/tls.h"

namespace vlmhb::http {

namespace asio = boost::asio;

struct TlsEndpoint::Context {
  asio::ssl::context context{asio::ssl::context::tls_client};
};

}  // namespace vlmhb::http
