#pragma once
// Internal to docker/: what the parts of Engine share.

#include <string>
#include <string_view>

#include "docker/engine.h"
#include "docker/engine_client.h"

namespace vlmhb::docker {

struct Engine::State {
  explicit State(Options from)
      : options(std::move(from)), client(options.address, options.call_timeout) {}

  Options options;
  EngineClient client;
  std::optional<EngineInfo> info;

  // "/v1.41" and `path`.
  std::string Target(std::string_view path) const {
    return "/v" + info->api_version + std::string(path);
  }
  http::Request Make(std::string method, std::string_view path) const {
    return {.method = std::move(method), .target = Target(path)};
  }
  http::Request Make(std::string method, std::string_view path, const json::object& body) const {
    http::Request request = Make(std::move(method), path);
    request.headers.push_back({"Content-Type", "application/json"});
    request.body = ToJson(body);
    return request;
  }

  // A call that may be carried out twice: sent again once if its reply was lost.
  Result<http::Response> Repeatable(const http::Request& request) {
    Result<http::Response> response = client.Call(request);
    if (response.ok() || response.error().code() != ErrorCode::kIo) return response;
    return client.Call(request);
  }
  // The JSON of a successful answer to a GET.
  Result<json::value> Get(std::string_view path, std::string_view doing) {
    VLMHB_ASSIGN(const http::Response response, Repeatable(Make("GET", path)));
    if (response.status != 200) return ResponseError(response, doing);
    return ParseAnswer(response, doing);
  }
  Result<json::object> GetJsonObject(std::string_view path, std::string_view doing) {
    VLMHB_ASSIGN(json::value value, Get(path, doing));
    if (!value.is_object()) return NoAnswer(doing);
    return std::move(value.as_object());
  }
  Result<json::array> GetJsonArray(std::string_view path, std::string_view doing) {
    VLMHB_ASSIGN(json::value value, Get(path, doing));
    if (value.is_null()) return json::array();  // how Go writes an empty list
    if (!value.is_array()) return NoAnswer(doing);
    return std::move(value.as_array());
  }

  static Result<json::value> ParseAnswer(const http::Response& response, std::string_view doing) {
    Result<json::value> value = ParseJson(response.body);
    if (!value.ok()) return NoAnswer(doing);
    return value;
  }
  static Error NoAnswer(std::string_view doing) {
    return Error(ErrorCode::kInternal,
                 "the engine's answer to " + std::string(doing) + " is not what its API promises");
  }
};

// A name or id of a container or network: [A-Za-z0-9][A-Za-z0-9_.-]*, else kInvalidConfig.
Result<void> CheckName(std::string_view name);
// {"label": ["a=b", …]} for list calls; a label without a value: whatever it is.
std::string LabelFilter(const std::map<std::string, std::string>& labels);
// Whether `actual` has all of the labels in `expected`, of which there are some.
bool HasLabels(const json::object* actual, const json::object* expected);
// "" for the year 1, by which engines mean never.
std::string EngineTime(std::string_view text);

}  // namespace vlmhb::docker
