#pragma once
// An error as clients of the wrapper see it (docs/formats/wrapper.md). Not vlmhb::Error: its codes
// are those of the API, which tell more about a request than our own ten do.

#include <string>
#include <string_view>

namespace vlmhb::wrapper {

struct ApiError {
  int status = 500;
  std::string code;
  std::string message;
  bool retryable = false;
};

inline ApiError BadRequest(std::string message) {
  return {400, "bad_request", std::move(message), false};
}
inline ApiError BadImage(std::string message) {
  return {422, "bad_image", std::move(message), false};
}

}  // namespace vlmhb::wrapper
