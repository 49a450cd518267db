#include "orchestrator/manifest.h"

#include <sys/utsname.h>
#include <unistd.h>

#include "base/text.h"
#include "os/gpu.h"

namespace vlmhb::orchestrator {
namespace {

std::string CpuModel() {
  const Result<std::string> cpuinfo = os::ReadFile("/proc/cpuinfo");
  if (!cpuinfo.ok()) return "";
  for (const std::string_view line : Split(*cpuinfo, '\n')) {
    const size_t colon = line.find(':');
    if (line.rfind("model name", 0) == 0 && colon != std::string_view::npos)
      return std::string(Trim(line.substr(colon + 1)));
  }
  return "";
}

json::object DescribeHardware() {
  const os::GpuHost gpu = os::DetectGpus();
  json::array gpus;
  for (const os::Gpu& one : gpu.gpus)
    gpus.push_back({{"id", one.id}, {"model", one.model}, {"bus", one.bus}});
  utsname system{};
  ::uname(&system);
  const int64_t memory = static_cast<int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  return {{"cpu", CpuModel()},
          {"cores", static_cast<int64_t>(::sysconf(_SC_NPROCESSORS_ONLN))},
          {"memory_bytes", memory},
          {"gpus", std::move(gpus)},
          {"gpu_driver", gpu.driver.empty() ? json::value(nullptr) : json::value(gpu.driver)},
          {"kernel", std::string(system.release)},
          {"architecture", std::string(system.machine)}};
}

json::object NewManifest(const registry::ResolvedRun& run, const plan::RunInputs& inputs) {
  return {{"schema", "vlmhb.manifest/1"},
          {"run", run.id},
          {"vlmhb_version", VLMHB_VERSION},
          {"model",
           {{"name", run.model.name},
            {"version", run.model.version},
            {"entry", run.model.file},
            {"params", run.model.params},
            {"plugin_sha256", inputs.plugin}}},
          {"dataset", {{"name", run.dataset.name}, {"content_sha256", inputs.dataset}}},
          {"hardware", DescribeHardware()},
          {"stages", json::object()}};
}

json::value DescribeLayer(const Provision& provision) {
  if (!provision.layer.has_value()) return nullptr;
  const packages::Layer& layer = *provision.layer;
  return json::object{{"layer", layer.key},
                      {"lock_sha256", layer.lock.Digest()},
                      {"lock", packages::LockToJson(layer.lock)}};
}

}  // namespace

json::value DescribePackages(const RunProvision* provision, plan::StageKind kind) {
  if (provision == nullptr) return nullptr;
  if (kind == plan::StageKind::kInfer) return DescribeLayer(provision->model);
  json::array plugins;
  for (const Provision& metric : provision->metrics)
    if (!metric.hello.empty())
      plugins.push_back({{"plugin", metric.hello}, {"packages", DescribeLayer(metric)}});
  return plugins.empty() ? json::value(nullptr) : json::value(std::move(plugins));
}

Result<void> RecordStage(const Path& manifest, const registry::ResolvedRun& run,
                         const plan::RunInputs& inputs, plan::StageKind kind, json::object stage) {
  json::object fresh = NewManifest(run, inputs);
  const Result<std::string> old_text = os::ReadFile(manifest);
  if (old_text.ok()) {
    const Result<json::value> old = ParseJson(*old_text);
    const json::object* stages =
        old.ok() && old->is_object() ? FindObject(old->get_object(), "stages") : nullptr;
    if (stages != nullptr) fresh["stages"] = *stages;
  }
  fresh["stages"].get_object()[plan::StageKindName(kind)] = std::move(stage);
  return os::WriteFileAtomic(manifest, ToPrettyJson(fresh));
}

}  // namespace vlmhb::orchestrator
