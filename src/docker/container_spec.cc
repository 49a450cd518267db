#include "docker/container_spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "env/contract.h"

namespace vlmhb::docker {
namespace {

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

json::object ToJsonObject(const Labels& map) {
  json::object object;
  for (const auto& [key, value] : map) object[key] = value;
  return object;
}

}  // namespace

Labels LabelsOf(const ContainerPlan& plan) {
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

}  // namespace vlmhb::docker
