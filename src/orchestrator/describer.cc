#include "orchestrator/describer.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "env/lone_stage.h"
#include "orchestrator/plugin_mount.h"
#include "os/system.h"

namespace vlmhb::orchestrator {
namespace {

using os::Path;
using registry::PluginEntry;

constexpr int64_t kMemory = 6'000'000'000;  // importing a large framework
constexpr int64_t kProcesses = 512;
constexpr std::chrono::minutes kLongest{20};
constexpr size_t kMaxFileBytes = 16u << 20;

Result<json::object> ReadObject(const Path& file) {
  VLMHB_ASSIGN(const std::string text, os::ReadUntrustedFile(file, kMaxFileBytes));
  VLMHB_ASSIGN(json::value value, ParseJson(text));
  if (!value.is_object())
    return Error(ErrorCode::kCorrupt, file.string() + " holds no JSON object");
  return std::move(value.get_object());
}

// The digest of what `entry` runs.
Result<std::string> CodeOf(const PluginEntry& entry, const PluginPlace& place) {
  Sha256 hash;
  hash.UpdateField(place.image.digest);
  if (place.layer != nullptr) hash.UpdateField(place.layer->key);
  const bool script = entry.command.at(0) == "python" && entry.command.at(1) != "-m";
  if (entry.command[0] != "python" || script) {
    VLMHB_ASSIGN(const std::string bytes, os::ReadFile(entry.command[script ? 1 : 0]));
    hash.UpdateField(Sha256Hex(bytes));
  }
  for (size_t i = 1; i < entry.command.size(); ++i) hash.UpdateField(entry.command[i]);
  hash.UpdateField(registry::KindName(entry.kind));
  return hash.HexDigest();
}

// An editable package is another one at any time.
bool MayBeKept(const PluginPlace& place) {
  return place.layer == nullptr || place.layer->sources.empty();
}

}  // namespace

Result<Path> Describer::CacheFile(const PluginEntry& entry, const PluginPlace& place) const {
  VLMHB_ASSIGN(const std::string code, CodeOf(entry, place));
  return options_.cache / "hello" / (code + ".json");
}

Result<json::object> Describer::Find(const PluginEntry& entry, const PluginPlace& place) const {
  VLMHB_ASSIGN(const Path file, CacheFile(entry, place));
  std::error_code ignored;
  if (!MayBeKept(place) || !std::filesystem::exists(file, ignored))
    return Error(ErrorCode::kNotFound, "it was not asked yet");
  return ReadObject(file);
}

Result<json::object> Describer::Ask(const PluginEntry& entry, const PluginPlace& place) {
  if (Result<json::object> known = Find(entry, place); known.ok()) return known;
  VLMHB_ASSIGN(json::object hello,
               RunStage(entry, place, {"describe", entry.command, "hello.json", {}}));
  if (!MayBeKept(place)) return hello;
  VLMHB_ASSIGN(const Path file, CacheFile(entry, place));
  VLMHB_TRY(os::MakeFolders(file.parent_path()));
  VLMHB_TRY(os::WriteFileAtomic(file, ToPrettyJson(hello)));
  return hello;
}

Result<json::object> Describer::Check(const PluginEntry& entry, const PluginPlace& place,
                                      const Path& dataset) {
  const std::vector<std::string> command = {"python",
                                            "-m",
                                            "vlmhyperbench.testing",
                                            std::string(registry::KindName(entry.kind)),
                                            entry.plugin,
                                            "--json",
                                            "--params",
                                            ToJson(entry.params)};
  return RunStage(entry, place, {"check", command, "check.json", dataset});
}

Result<json::object> Describer::RunStage(const PluginEntry& entry, const PluginPlace& place,
                                         const Question& question) {
  const std::string& stage = question.stage;
  VLMHB_TRY(os::MakeFolders(options_.cache));
  // Known as ours if it is left: the next install removes it.
  VLMHB_ASSIGN(const auto folder, os::TempFolder::Create(options_.cache, os::OwnedName(stage)));
  const Path output = folder->path() / "output";
  VLMHB_TRY(os::MakeFolders(output));
  env::LoneStage lone(env_,
                      {.id = Slug(stage + folder->path().extension().string()),
                       .workspace = options_.workspace,
                       .image = place.image.reference,
                       .memory_bytes = kMemory,
                       .max_processes = kProcesses},
                      options_.stop);
  VLMHB_TRY(lone.Open());
  env::LoneStage::Invocation invocation{
      .stage = stage, .folder = folder->path(), .timeout = kLongest};
  VLMHB_ASSIGN(invocation.program, lone.Mount(options_.program, "vlmhb"));
  VLMHB_ASSIGN(invocation.output, lone.Mount(output, "out", env::Access::kReadWrite));
  const auto mount = [&](const Path& host, const std::string& name) {
    return lone.Mount(host, name);
  };
  VLMHB_ASSIGN(json::array argv, MountPlugin(mount, question.command, place.layer));
  if (!question.dataset.empty()) {
    VLMHB_ASSIGN(const std::string dataset, lone.Mount(question.dataset, "dataset"));
    argv.emplace_back("--root");
    argv.emplace_back(dataset);
  }
  invocation.parameters = {{"kind", registry::KindName(entry.kind)}, {"command", std::move(argv)}};
  VLMHB_ASSIGN(const env::TaskStatus status, lone.Run(std::move(invocation)));
  const auto* exited = std::get_if<env::Exited>(&status);
  if (exited != nullptr && exited->code == 0) return ReadObject(output / question.file);
  const auto told = os::ReadUntrustedFile(output / "error.txt", 64u << 10);
  return Error(ErrorCode::kUnavailable,
               told.ok() ? std::string(Trim(*told)) : "it ended with " + env::ToString(status));
}

}  // namespace vlmhb::orchestrator
