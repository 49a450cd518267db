// Networks.

#include <fmt/format.h>

#include "docker/engine_state.h"

namespace vlmhb::docker {
namespace {

std::string NetworkPath(const std::string& name) { return "/networks/" + PercentEncode(name); }

}  // namespace

Result<std::string> Engine::CreateNetwork(const std::string& name, const json::object& body) {
  VLMHB_TRY(CheckName(name));
  VLMHB_TRY(Info());
  json::object named = body;
  named["Name"] = name;
  named["CheckDuplicate"] = true;  // engines before 1.44 allow two of a name otherwise
  const http::Request request = state_->Make("POST", "/networks/create", named);
  const auto existing = [&]() -> Result<std::string> {
    VLMHB_ASSIGN(const json::object found,
                 state_->GetJsonObject(NetworkPath(name), "inspecting the network " + name));
    if (HasLabels(FindObject(found, "Labels"), FindObject(body, "Labels")))
      return FindString(found, "Id");
    return Error(ErrorCode::kInternal,
                 fmt::format("there is another network of the name {}; remove it", name));
  };
  Result<http::Response> response = state_->client.Call(request);
  if (!response.ok() && response.error().code() == ErrorCode::kIo) {
    Result<std::string> made = existing();
    if (made.ok() || made.error().code() != ErrorCode::kNotFound) return made;
    response = state_->client.Call(request);
  }
  if (!response.ok()) return std::move(response).error();
  if (response->status == 409) return existing();
  if (response->status != 201 && response->status != 200)
    return ResponseError(*response, "creating the network " + name);
  VLMHB_ASSIGN(const json::value answer, State::ParseAnswer(*response, "creating " + name));
  std::string id = answer.is_object() ? FindString(answer.as_object(), "Id") : "";
  if (id.empty()) return State::NoAnswer("creating the network " + name);
  return id;
}

Result<json::array> Engine::ListNetworks(const std::map<std::string, std::string>& labels) {
  VLMHB_TRY(Info());
  return state_->GetJsonArray("/networks" + Query({{"filters", LabelFilter(labels)}}),
                              "listing networks");
}

Result<void> Engine::RemoveNetwork(const std::string& name) {
  VLMHB_TRY(CheckName(name));
  VLMHB_TRY(Info());
  VLMHB_ASSIGN(const http::Response response,
               state_->Repeatable(state_->Make("DELETE", NetworkPath(name))));
  if (response.status == 204 || response.status == 200 || response.status == 404) return {};
  return ResponseError(response, "removing the network " + name);
}

}  // namespace vlmhb::docker
