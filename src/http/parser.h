#pragma once
// Internal to http/: Beast's incremental HTTP/1.1 parser, delivering into our plain messages.

#include <boost/beast/http/basic_parser.hpp>
#include <functional>
#include <string>
#include <utility>

#include "http/message.h"

namespace vlmhb::http {

// Feed with put(); body bytes go to `on_body` as they come. An `on_body` that returns false ends
// parsing with operation_canceled.
template <bool kIsRequest>
class Parser final : public boost::beast::http::basic_parser<kIsRequest> {
 public:
  using ErrorCodeOfBoost = boost::beast::error_code;
  using View = boost::beast::string_view;

  explicit Parser(std::function<bool(std::string_view)> on_body) : on_body_(std::move(on_body)) {
    this->eager(true);
  }

  std::string method;
  std::string target;
  int status = 0;
  Headers headers;

 private:
  void on_request_impl(boost::beast::http::verb, View method_text, View target_text, int,
                       ErrorCodeOfBoost&) override {
    method = method_text;
    target = target_text;
  }
  void on_response_impl(int code, View, int, ErrorCodeOfBoost&) override { status = code; }
  void on_field_impl(boost::beast::http::field, View name, View value, ErrorCodeOfBoost&) override {
    headers.push_back({std::string(name), std::string(value)});
  }
  void on_header_impl(ErrorCodeOfBoost&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCodeOfBoost&) override {}
  size_t on_body_impl(View body, ErrorCodeOfBoost& error) override {
    if (!on_body_(body)) error = boost::asio::error::operation_aborted;
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, View, ErrorCodeOfBoost&) override {}
  size_t on_chunk_body_impl(std::uint64_t, View body, ErrorCodeOfBoost& error) override {
    return on_body_impl(body, error);
  }
  void on_finish_impl(ErrorCodeOfBoost&) override {}

  std::function<bool(std::string_view)> on_body_;
};

}  // namespace vlmhb::http
