#include "docker/container_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace vlmhb::docker {
namespace {

using std::chrono::nanoseconds;

constexpr int64_t kNanosPerCpu = 1'000'000'000;
// Podman starts nothing whose limits are above its own; these are below every usual one.
constexpr int kPodmanFiles = 4096;
constexpr int kPodmanProcesses = 4096;

json::object Limit(std::string_view name, int64_t value) {
  return {{"Name", name}, {"Soft", value}, {"Hard", value}};
}

json::array StringArray(const std::vector<std::string>& strings, size_t from, size_t to) {
  json::array array;
  for (size_t i = from; i < std::min(to, strings.size()); ++i) array.emplace_back(strings[i]);
  return array;
}

json::array MountArray(const std::vector<env::Mount>& mounts) {
  json::array array;
  // Type "bind" fails for a source that is not there; the older "Binds" would make it.
  for (const env::Mount& mount : mounts)
    array.push_back({{"Type", "bind"},
                     {"Source", mount.host.string()},
                     {"Target", mount.guest},
                     {"ReadOnly", mount.access == env::Access::kReadOnly},
                     {"BindOptions", {{"Propagation", "rprivate"}}}});
  return array;
}

// Docker gives a tmpfs on a folder of the image that folder's mode and owner unless it is told an
// owner; Podman knows no owner there but keeps the mode.
std::string TmpOptions(const ContainerPlan& plan, bool podman) {
  const std::string common = fmt::format("rw,exec,nosuid,nodev,size={}", plan.spec.tmp_bytes);
  return podman ? common + ",mode=1777"
                : fmt::format("{},uid={},gid={},mode=0700", common, plan.user.uid, plan.user.gid);
}

void AddGpus(json::object& host, const env::EnvSpec& spec, bool podman) {
  if (spec.gpus <= 0) return;
  if (podman) {
    // DeviceRequests are ignored without a word; a CDI device that is not there is an error.
    json::array devices;
    for (int64_t i = 0; i < spec.gpus; ++i) {
      const auto at = static_cast<size_t>(i);
      const std::string id = at < spec.gpu_ids.size() ? spec.gpu_ids[at] : std::to_string(i);
      devices.push_back(json::object{{"PathOnHost", "nvidia.com/gpu=" + id}});
    }
    host["Devices"] = std::move(devices);
    return;
  }
  json::object request{{"Driver", ""}, {"Capabilities", {{"gpu"}}}};
  request["Capabilities"] = json::array{json::array{"gpu"}};
  if (spec.gpu_ids.empty())
    request["Count"] = spec.gpus;
  else
    request["DeviceIDs"] = StringArray(spec.gpu_ids, 0, spec.gpu_ids.size());
  host["DeviceRequests"] = json::array{std::move(request)};
}

void AddLimits(json::object& host, const env::EnvSpec& spec, bool podman) {
  if (spec.memory_bytes > 0) {
    host["Memory"] = spec.memory_bytes;
    host["MemorySwap"] = spec.memory_bytes;  // the sum of both: no swap
  }
  if (spec.cpus > 0) host["NanoCpus"] = spec.cpus * kNanosPerCpu;
  if (spec.max_processes > 0) host["PidsLimit"] = spec.max_processes;
  json::array limits{Limit("core", 0)};
  if (podman) {  // naming any drops the configured ones
    limits.push_back(Limit("nofile", kPodmanFiles));
    limits.push_back(Limit("nproc", kPodmanProcesses));
  }
  host["Ulimits"] = std::move(limits);
}

json::object HostConfig(const ContainerPlan& plan, const EngineInfo& engine) {
  json::object host{
      {"NetworkMode", plan.spec.network == env::Network::kNone ? "none" : plan.name},
      {"ReadonlyRootfs", true},
      {"CapDrop", {"ALL"}},
      {"SecurityOpt", {"no-new-privileges"}},
      {"Privileged", false},
      {"IpcMode", "private"},
      {"ShmSize", plan.spec.tmp_bytes},
      {"Tmpfs", {{"/tmp", TmpOptions(plan, engine.podman)}}},
      {"LogConfig", {{"Type", "json-file"}, {"Config", {{"max-size", "512m"}}}}},
      {"RestartPolicy", {{"Name", "no"}}},
      {"AutoRemove", false},
  };
  host["CapDrop"] = json::array{"ALL"};
  host["SecurityOpt"] = json::array{"no-new-privileges"};
  host["Mounts"] = MountArray(plan.mounts);
  if (plan.init) host["Init"] = true;
  if (engine.podman && engine.rootless) host["UsernsMode"] = "keep-id";
  AddLimits(host, plan.spec, engine.podman);
  AddGpus(host, plan.spec, engine.podman);
  return host;
}

json::object ToJsonObject(const std::map<std::string, std::string>& map) {
  json::object object;
  for (const auto& [key, value] : map) object[key] = value;
  return object;
}

bool Has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::optional<int> Digits(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || text[0] == '-' || error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

// "Z", "+02:00".
std::optional<std::chrono::minutes> ParseOffset(std::string_view text) {
  if (text == "Z") return std::chrono::minutes(0);
  if (text.size() != 6 || text[3] != ':' || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const auto hours = Digits(text.substr(1, 2));
  const auto minutes = Digits(text.substr(4, 2));
  if (!hours.has_value() || !minutes.has_value()) return std::nullopt;
  return std::chrono::minutes((text[0] == '-' ? -1 : 1) * (*hours * 60 + *minutes));
}

}  // namespace

std::map<std::string, std::string> LabelsOf(const ContainerPlan& plan) {
  const auto& timeout = plan.command.timeout;
  return {{kLabelMade, "1"},
          {kLabelEnv, plan.spec.id},
          {kLabelIdentity, plan.spec.identity},
          {kLabelWorkspace, plan.spec.workspace},
          {kLabelOwner, plan.name},
          {kLabelImage, plan.spec.image},
          {kLabelTimeout, timeout.has_value() ? std::to_string(timeout->count()) : ""},
          {kLabelLogStart, std::to_string(plan.log_start)},
          {kLabelTmpBytes, std::to_string(plan.spec.tmp_bytes)},
          {kLabelMaxProcesses, std::to_string(plan.spec.max_processes)}};
}

json::object ContainerBody(const ContainerPlan& plan, const EngineInfo& engine) {
  json::array variables;
  for (const auto& [name, value] : env::CompleteEnvironment(plan.command.env, "/tmp"))
    variables.emplace_back(name + "=" + value);
  json::object body{{"Image", plan.image_id},
                    {"User", fmt::format("{}:{}", plan.user.uid, plan.user.gid)},
                    {"Hostname", "sandbox"},
                    {"WorkingDir", "/tmp"},
                    {"StopSignal", "SIGTERM"},
                    {"Tty", false},
                    {"OpenStdin", false},
                    {"Labels", ToJsonObject(LabelsOf(plan))},
                    {"HostConfig", HostConfig(plan, engine)}};
  body["Entrypoint"] = StringArray(plan.command.argv, 0, 1);  // never the image's
  body["Cmd"] = StringArray(plan.command.argv, 1, plan.command.argv.size());
  body["Env"] = std::move(variables);
  body["Healthcheck"] = json::object{{"Test", json::array{"NONE"}}};
  return body;
}

json::object NetworkBody(const ContainerPlan& plan) {
  return {{"Name", plan.name},
          {"Driver", "bridge"},
          {"CheckDuplicate", true},
          {"Labels", ToJsonObject(LabelsOf(plan))}};
}

StartFailure ClassifyStartFailure(std::string_view message, const ContainerPlan& plan) {
  if (plan.init && (Has(message, "docker-init") || Has(message, "catatonit") ||
                    Has(message, "container-init") || Has(message, "init binary")))
    return StartFailure::kNoInitBinary;
  if (plan.spec.gpus > 0 &&
      (Has(message, "could not select device driver") || Has(message, "GPU vendor") ||
       Has(message, "CDI") || Has(message, "nvidia")))
    return StartFailure::kNoGpu;
  const bool about_program = Has(message, "exec: \"") || Has(message, "executable file") ||
                             Has(message, "invoke a command");
  if (!about_program) return StartFailure::kOther;
  if (Has(message, "permission denied") || Has(message, "Permission denied") ||
      Has(message, "is a directory") || Has(message, "exec format error"))
    return StartFailure::kNotRunnable;
  if (Has(message, "not found") || Has(message, "no such file")) return StartFailure::kNoProgram;
  return StartFailure::kOther;
}

std::optional<nanoseconds> ParseTimestamp(std::string_view text) {
  constexpr size_t kSeconds = 19;  // "2026-11-24T11:30:19"
  if (text.size() <= kSeconds || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
      text[13] != ':' || text[16] != ':')
    return std::nullopt;
  const auto year = Digits(text.substr(0, 4)), month = Digits(text.substr(5, 2)),
             day = Digits(text.substr(8, 2)), hour = Digits(text.substr(11, 2)),
             minute = Digits(text.substr(14, 2)), second = Digits(text.substr(17, 2));
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1971 || *year > 2200) return std::nullopt;
  text.remove_prefix(kSeconds);
  int64_t nanos = 0;
  if (text[0] == '.') {
    const size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
    std::string fraction(text.substr(1, std::min<size_t>(end - 1, 9)));
    fraction.resize(9, '0');
    nanos = Digits(fraction).value_or(0);
    text.remove_prefix(end);
  }
  const auto offset = ParseOffset(text);
  if (!offset.has_value()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(*hour) +
         std::chrono::minutes(*minute) + std::chrono::seconds(*second) - *offset +
         nanoseconds(nanos);
}

std::vector<env::Mount> MountsOf(const json::object& inspected) {
  constexpr std::string_view kData = "/data/";
  std::vector<env::Mount> mounts;
  const json::array* const array = FindArray(inspected, "Mounts");
  if (array == nullptr) return mounts;
  for (const json::value& value : *array) {
    if (!value.is_object()) continue;
    const json::object& mount = value.get_object();
    const std::string guest = FindString(mount, "Destination");
    if (!guest.starts_with(kData)) continue;
    mounts.push_back({.name = guest.substr(kData.size()),
                      .host = FindString(mount, "Source"),
                      .guest = guest,
                      .access = FindBool(mount, "RW", false) ? env::Access::kReadWrite
                                                             : env::Access::kReadOnly});
  }
  std::sort(mounts.begin(), mounts.end(),
            [](const env::Mount& a, const env::Mount& b) { return a.name < b.name; });
  return mounts;
}

std::optional<int64_t> PeakMemoryOf(const json::object& stats) {
  const json::object* const memory = FindObject(stats, "memory_stats");
  if (memory == nullptr) return std::nullopt;
  const int64_t peak = std::max(FindInt(*memory, "max_usage", 0), FindInt(*memory, "usage", 0));
  return peak > 0 ? std::optional(peak) : std::nullopt;
}

}  // namespace vlmhb::docker
