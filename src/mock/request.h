#pragma once
// One HTTP request as it comes in, by Beast's incremental parser, with nothing kept that the mock
// does not look at.

#include <boost/beast/http/basic_parser.hpp>
#include <string>

namespace vlmhb::mock {

// Keeps its memory from one request to the next.
struct RequestText {
  std::string method;
  std::string target;
  std::string body;
};

class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  using BoostError = boost::beast::error_code;
  using View = boost::beast::string_view;

  explicit RequestParser(RequestText& text) : text_(text) {
    text_.body.clear();
    eager(true);
    header_limit(64u << 10);
    body_limit(256u << 20);
  }

  bool wants_continue = false;  // "Expect: 100-continue"

 private:
  void on_request_impl(boost::beast::http::verb, View method_text, View target_text, int,
                       BoostError&) override {
    text_.method = method_text;
    text_.target = target_text;
  }
  void on_response_impl(int, View, int, BoostError&) override {}
  void on_field_impl(boost::beast::http::field name, View, View, BoostError&) override {
    if (name == boost::beast::http::field::expect) wants_continue = true;
  }
  void on_header_impl(BoostError&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, BoostError&) override {}
  size_t on_body_impl(View piece, BoostError&) override {
    text_.body.append(piece);
    return piece.size();
  }
  void on_chunk_header_impl(std::uint64_t, View, BoostError&) override {}
  size_t on_chunk_body_impl(std::uint64_t, View piece, BoostError& error) override {
    return on_body_impl(piece, error);
  }
  void on_finish_impl(BoostError&) override {}

  RequestText& text_;
};

}  // namespace vlmhb::mock
