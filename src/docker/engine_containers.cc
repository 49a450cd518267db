// Containers: making, starting, watching, removing.

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "docker/engine_state.h"
#include "docker/log_frames.h"

namespace vlmhb::docker {
namespace {

constexpr std::chrono::milliseconds kLook{50};
constexpr int kMostLooks = 400;

std::string ContainerPath(const std::string& name, std::string_view rest) {
  return "/containers/" + PercentEncode(name) + std::string(rest);
}

// In Docker's words; Podman has more of them.
std::string NormalStatus(std::string status) {
  if (status == "configured" || status == "initialized") return "created";
  if (status == "stopped") return "exited";
  return status;
}

ContainerState FromInspect(json::object answer) {
  ContainerState container;
  container.id = FindString(answer, "Id");
  container.name = FindString(answer, "Name");
  if (container.name.starts_with('/')) container.name.erase(0, 1);
  container.created_at = EngineTime(FindString(answer, "Created"));
  if (const json::object* state = FindObject(answer, "State")) {
    container.status = NormalStatus(FindString(*state, "Status"));
    container.exit_code = static_cast<int>(FindInt(*state, "ExitCode", 0));
    container.out_of_memory = FindBool(*state, "OOMKilled", false);
    container.error = FindString(*state, "Error");
    container.started_at = EngineTime(FindString(*state, "StartedAt"));
    container.finished_at = EngineTime(FindString(*state, "FinishedAt"));
  }
  if (const json::object* config = FindObject(answer, "Config"))
    container.labels = TextLabels(FindObject(*config, "Labels"));
  container.inspected = std::move(answer);
  return container;
}

ContainerState FromList(json::object entry) {
  ContainerState container;
  container.id = FindString(entry, "Id");
  if (const json::array* names = FindArray(entry, "Names"); names && !names->empty())
    if (const json::string* name = names->front().if_string()) container.name = *name;
  if (container.name.starts_with('/')) container.name.erase(0, 1);
  container.status = NormalStatus(FindString(entry, "State"));
  container.labels = TextLabels(FindObject(entry, "Labels"));
  if (const int64_t created = FindInt(entry, "Created", 0); created > 0 && created < 10'000'000'000)
    container.created_at = FormatUtc(std::chrono::seconds(created));
  container.inspected = std::move(entry);
  return container;
}

// One that is there after a reply was lost or a name was taken: ours if it has our labels.
Result<std::string> Existing(Engine& engine, const std::string& name, const json::object& body) {
  VLMHB_ASSIGN(const ContainerState found, engine.InspectContainer(name));
  const json::object* config = FindObject(found.inspected, "Config");
  if (config != nullptr && HasLabels(FindObject(*config, "Labels"), FindObject(body, "Labels")))
    return found.id;
  return Error(ErrorCode::kInternal,
               fmt::format("there is another container of the name {}; remove it", name));
}

bool NameIsTaken(const http::Response& response) {
  return response.status == 409 ||
         (response.status >= 500 && response.body.find("already in use") != std::string::npos);
}

// Engines look for what is to be mounted on their own machine.
Error UnseenFolder(const http::Response& response, const EngineAddress& address) {
  return Error(
      ErrorCode::kUnsupported,
      fmt::format("the engine at {} does not see this machine's folders: it must run here, or find "
                  "the workspace, the data and this program at the same paths (a shared file "
                  "system). {}",
                  address.ToString(), ResponseError(response, "a mount").message()));
}

bool IsUnseenFolder(const http::Response& response, const EngineAddress& address) {
  return address.unix_socket.empty() && response.status >= 400 &&
         response.body.find("bind source path does not exist") != std::string::npos;
}

}  // namespace

std::map<std::string, std::string> TextLabels(const json::object* labels) {
  std::map<std::string, std::string> result;
  if (labels == nullptr) return result;
  for (const auto& [name, value] : *labels)
    if (value.is_string()) result[name] = value.as_string();
  return result;
}

Result<std::string> Engine::CreateContainer(const std::string& name, const json::object& body) {
  VLMHB_TRY(CheckName(name));
  VLMHB_TRY(Info());
  const http::Request request =
      state_->Make("POST", "/containers/create" + Query({{"name", name}}), body);
  Result<http::Response> response = state_->client.Call(request);
  if (!response.ok() && response.error().code() == ErrorCode::kIo) {
    // The reply was lost: look before asking for a second one.
    Result<std::string> made = Existing(*this, name, body);
    if (made.ok() || made.error().code() != ErrorCode::kNotFound) return made;
    response = state_->client.Call(request);
  }
  if (!response.ok()) return std::move(response).error();
  if (NameIsTaken(*response)) return Existing(*this, name, body);
  const EngineAddress& address = state_->options.address;
  if (IsUnseenFolder(*response, address)) return UnseenFolder(*response, address);
  if (response->status != 201) return ResponseError(*response, "creating the container " + name);
  VLMHB_ASSIGN(const json::value answer, State::ParseAnswer(*response, "creating " + name));
  std::string id = answer.is_object() ? FindString(answer.as_object(), "Id") : "";
  if (id.empty()) return State::NoAnswer("creating " + name);
  return id;
}

Result<void> Engine::StartContainer(const std::string& name) {
  VLMHB_TRY(CheckName(name));
  VLMHB_TRY(Info());
  // Engines run an ended container again if they are asked to start it.
  for (int attempt = 0;; ++attempt) {
    VLMHB_ASSIGN(const ContainerState container, InspectContainer(name));
    if (container.status != "created") return {};
    Result<http::Response> response =
        state_->client.Call(state_->Make("POST", ContainerPath(name, "/start")));
    if (response.ok() && (response->status == 204 || response->status == 304)) return {};
    if (response.ok()) return ResponseError(*response, "starting the container " + name);
    if (response.error().code() != ErrorCode::kIo || attempt > 0)
      return std::move(response).error();
  }
}

Result<ContainerState> Engine::InspectContainer(const std::string& name) {
  VLMHB_TRY(CheckName(name));
  VLMHB_TRY(Info());
  VLMHB_ASSIGN(json::object answer,
               state_->GetJsonObject(ContainerPath(name, "/json"), "inspecting " + name));
  return FromInspect(std::move(answer));
}

Result<std::vector<ContainerState>> Engine::ListContainers(
    const std::map<std::string, std::string>& labels) {
  VLMHB_TRY(Info());
  VLMHB_ASSIGN(json::array answer,
               state_->GetJsonArray(
                   "/containers/json" + Query({{"all", "1"}, {"filters", LabelFilter(labels)}}),
                   "listing containers"));
  std::vector<ContainerState> containers;
  for (json::value& entry : answer)
    if (entry.is_object()) containers.push_back(FromList(std::move(entry.as_object())));
  return containers;
}

Result<json::object> Engine::Stats(const std::string& name) {
  VLMHB_TRY(CheckName(name));
  VLMHB_TRY(Info());
  Result<json::object> stats = state_->GetJsonObject(
      ContainerPath(name, "/stats") + Query({{"stream", "false"}, {"one-shot", "true"}}),
      "measuring " + name);
  const json::object* memory = stats.ok() ? FindObject(*stats, "memory_stats") : nullptr;
  if (memory != nullptr && memory->contains("usage")) return stats;
  VLMHB_ASSIGN(const ContainerState container, InspectContainer(name));
  if (!container.running())
    return Error(ErrorCode::kNotFound, fmt::format("the container {} does not run", name));
  return stats;
}

Result<void> Engine::KillContainer(const std::string& name, const std::string& signal) {
  VLMHB_TRY(CheckName(name));
  VLMHB_TRY(CheckName(signal));
  VLMHB_TRY(Info());
  VLMHB_ASSIGN(const http::Response response,
               state_->Repeatable(state_->Make(
                   "POST", ContainerPath(name, "/kill") + Query({{"signal", signal}}))));
  if (response.status == 204 || response.status == 200) return {};
  Error error = ResponseError(response, "signalling the container " + name);
  if (error.code() == ErrorCode::kNotFound) return error;
  VLMHB_ASSIGN(const ContainerState container, InspectContainer(name));
  if (!container.running()) return {};
  return error;
}

Result<void> Engine::RemoveContainer(const std::string& name) {
  VLMHB_TRY(CheckName(name));
  VLMHB_TRY(Info());
  const http::Request request =
      state_->Make("DELETE", ContainerPath(name, "") + Query({{"force", "1"}, {"v", "1"}}));
  // 409: it is being removed already, for instance by a call whose reply was lost.
  for (int look = 0;; ++look) {
    VLMHB_ASSIGN(const http::Response response, state_->Repeatable(request));
    if (response.status == 204 || response.status == 200 || response.status == 404) return {};
    if (response.status != 409 || look == kMostLooks)
      return ResponseError(response, "removing the container " + name);
    state_->client.RunFor(kLook);
  }
}

std::unique_ptr<EngineStream> Engine::Wait(const std::string& name) {
  const auto nothing = [](std::string_view) { return Result<void>(); };
  Result<void> valid = CheckName(name);
  if (const Result<EngineInfo> info = Info(); valid.ok() && !info.ok()) valid = info.error();
  if (!valid.ok()) return state_->client.Failed(std::move(valid).error());
  return state_->client.Open(
      state_->Make("POST", ContainerPath(name, "/wait") + Query({{"condition", "not-running"}})),
      {nothing, [] { return Result<void>(); }});
}

std::unique_ptr<EngineStream> Engine::FollowLogs(const std::string& name, LogListener listener) {
  Result<void> valid = CheckName(name);
  if (const Result<EngineInfo> info = Info(); valid.ok() && !info.ok()) valid = info.error();
  if (!valid.ok()) return state_->client.Failed(std::move(valid).error());
  // Podman may follow the log of an ended container for ever.
  std::string follow = "1";
  if (state_->info->podman) {
    const Result<ContainerState> container = InspectContainer(name);
    if (!container.ok()) return state_->client.Failed(container.error());
    if (!container->running()) follow = "0";
  }
  const auto frames = std::make_shared<LogFrames>(std::move(listener));
  return state_->client.Open(
      state_->Make("GET", ContainerPath(name, "/logs") +
                              Query({{"stdout", "1"}, {"stderr", "1"}, {"follow", follow}})),
      {[frames](std::string_view bytes) { return frames->Feed(bytes); },
       [frames] { return frames->Finish(); }});
}

}  // namespace vlmhb::docker
