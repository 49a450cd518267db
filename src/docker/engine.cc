#include "docker/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/text.h"
#include "docker/engine_state.h"
#include "os/process.h"

namespace vlmhb::docker {
namespace {

// Versions of the API: what is used of it is in 1.40 (Docker 19.03), and nothing newer than 1.44.
constexpr int kOldestMinor = 40;
constexpr int kNewestMinor = 44;

// 41 of "1.41".
std::optional<int> Minor(std::string_view version) {
  if (!version.starts_with("1.")) return std::nullopt;
  int minor = 0;
  const auto [end, error] = std::from_chars(version.data() + 2, version.end(), minor);
  if (error != std::errc() || end != version.end()) return std::nullopt;
  return minor;
}

Result<std::string> ChooseVersion(std::string_view newest, std::string_view oldest) {
  const std::optional<int> minor = Minor(newest);
  if (!minor.has_value())
    return Error(ErrorCode::kUnsupported,
                 "what listens there is no Docker Engine: its GET /_ping names no API version");
  if (*minor < kOldestMinor)
    return Error(ErrorCode::kUnsupported,
                 fmt::format("the engine's API is {}, and at least 1.{} is needed: install Docker "
                             "19.03 or Podman 4.0, or newer",
                             newest, kOldestMinor));
  if (const std::optional<int> least = Minor(oldest); least.value_or(0) > kNewestMinor)
    return Error(ErrorCode::kUnsupported,
                 fmt::format("the engine is too new: it wants API {} at least, and this program "
                             "knows 1.{}",
                             oldest, kNewestMinor));
  return fmt::format("1.{}", std::min(*minor, kNewestMinor));
}

// Descriptions of NVIDIA's devices where engines look for them; only of this machine.
bool HasCdiHere() {
  for (const char* folder : {"/etc/cdi", "/var/run/cdi"}) {
    std::error_code error;
    for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
         it.increment(error))
      if (it->path().filename().string().find("nvidia") != std::string::npos) return true;
  }
  return false;
}

bool KnowsGpus(const json::object& answer, bool podman, bool here) {
  const json::object* runtimes = FindObject(answer, "Runtimes");
  if (!podman && runtimes != nullptr && runtimes->contains("nvidia")) return true;
  if (const json::array* devices = FindArray(answer, "DiscoveredDevices"))
    for (const json::value& device : *devices)
      if (device.is_object() && FindString(device.as_object(), "ID").starts_with("nvidia.com/gpu"))
        return true;
  if (!here) return false;
  return HasCdiHere() || (!podman && os::FindProgram("nvidia-container-runtime-hook"));
}

void TakeInfo(const json::object& answer, EngineInfo& info) {
  info.cgroup_version = FindString(answer, "CgroupVersion");
  info.memory_limit = FindBool(answer, "MemoryLimit", true);
  info.pids_limit = FindBool(answer, "PidsLimit", true);
  info.rootless = FindBool(answer, "Rootless", false);  // Podman's word; Docker's is below
  if (const json::array* options = FindArray(answer, "SecurityOptions"))
    for (const json::value& option : *options)
      if (option.is_string() && std::string_view(option.as_string()).find("name=rootless") == 0)
        info.rootless = true;
  if (const json::array* warnings = FindArray(answer, "Warnings"))
    for (const json::value& warning : *warnings)
      if (warning.is_string() && info.warnings.size() < 50)
        info.warnings.push_back(SanitizeUtf8(Truncate(std::string(warning.as_string()), 500)));
}

}  // namespace

Result<void> CheckName(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const bool valid = !name.empty() && name.size() <= 255 && plain(name.front()) &&
                     std::ranges::all_of(name, [&](char c) {
                       return plain(c) || c == '_' || c == '.' || c == '-';
                     });
  if (valid) return {};
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("'{}' cannot be the name of a container or network",
                           SanitizeUtf8(Truncate(name, 100))));
}

std::string LabelFilter(const std::map<std::string, std::string>& labels) {
  json::array wanted;
  for (const auto& [name, value] : labels)
    wanted.emplace_back(value.empty() ? name : name + "=" + value);
  return ToJson(json::object{{"label", std::move(wanted)}});
}

bool HasLabels(const json::object* actual, const json::object* expected) {
  if (actual == nullptr || expected == nullptr || expected->empty()) return false;
  return std::ranges::all_of(*expected, [&](const auto& label) {
    const json::value* found = actual->if_contains(label.key());
    return found != nullptr && *found == label.value();
  });
}

std::string EngineTime(std::string_view text) {
  return text.starts_with("0001-") ? std::string() : std::string(text);
}

Engine::Engine(Options options) : state_(std::make_unique<State>(std::move(options))) {}
Engine::~Engine() = default;

void Engine::Poll(std::chrono::milliseconds timeout) { state_->client.Poll(timeout); }

Result<EngineInfo> Engine::Info() {
  if (state_->info.has_value()) return *state_->info;
  VLMHB_ASSIGN(const http::Response ping, state_->Repeatable({.target = "/_ping"}));
  if (ping.status != 200) return ResponseError(ping, "GET /_ping");
  VLMHB_ASSIGN(const http::Response answer, state_->Repeatable({.target = "/version"}));
  if (answer.status != 200) return ResponseError(answer, "GET /version");
  VLMHB_ASSIGN(const json::value parsed, State::ParseAnswer(answer, "GET /version"));
  if (!parsed.is_object()) return State::NoAnswer("GET /version");
  const json::object& version = parsed.as_object();

  EngineInfo info;
  info.podman = !http::FindHeader(ping.headers, "Libpod-Api-Version").empty();
  info.version = FindString(version, "Version");
  Result<std::string> chosen = ChooseVersion(http::FindHeader(ping.headers, "Api-Version"),
                                             FindString(version, "MinAPIVersion"));
  if (!chosen.ok())
    return std::move(chosen).error().With("asking " + state_->options.address.ToString());
  info.api_version = std::move(*chosen);

  const std::string target = "/v" + info.api_version + "/info";
  VLMHB_ASSIGN(const http::Response about, state_->Repeatable({.target = target}));
  if (about.status != 200) return ResponseError(about, "GET /info");
  VLMHB_ASSIGN(const json::value details, State::ParseAnswer(about, "GET /info"));
  if (!details.is_object()) return State::NoAnswer("GET /info");
  TakeInfo(details.as_object(), info);
  info.gpus =
      KnowsGpus(details.as_object(), info.podman, !state_->options.address.unix_socket.empty());
  state_->info = info;
  return info;
}

}  // namespace vlmhb::docker
