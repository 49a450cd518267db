#include "orchestrator/describer.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/text.h"
#include "orchestrator/plugin_mount.h"
#include "os/system.h"

namespace vlmhb::orchestrator {
namespace {

using os::Path;
using registry::PluginEntry;

constexpr int64_t kMemory = 6'000'000'000;  // importing a large framework
constexpr std::chrono::minutes kLongest{20};
constexpr size_t kMaxFileBytes = 16u << 20;

Result<json::object> ReadObject(const Path& file) {
  VLMHB_ASSIGN(const std::string text, os::ReadUntrustedFile(file, kMaxFileBytes));
  VLMHB_ASSIGN(json::value value, ParseJson(text));
  if (!value.is_object())
    return Error(ErrorCode::kCorrupt, file.string() + " holds no JSON object");
  return std::move(value.get_object());
}

// An editable package is another one at any time.
bool MayBeKept(const PluginPlace& place) {
  return place.layer == nullptr || place.layer->sources.empty();
}

}  // namespace

Result<Path> Describer::CacheFile(const PluginEntry& entry, const PluginPlace& place) const {
  VLMHB_ASSIGN(const std::string code, CodeDigest(entry, place));
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
  VLMHB_TRY(os::MakeFolders(options_.cache));
  // Known as ours if it is left: the next install removes it.
  VLMHB_ASSIGN(const auto folder,
               os::TempFolder::Create(options_.cache, os::OwnedName(question.stage)));
  VLMHB_TRY(RunLoneStage(
      env_, options_,
      {.stage = question.stage,
       .image = place.image.reference,
       .memory_bytes = kMemory,
       .timeout = kLongest},
      folder->path(), [&](const MountReadOnly& mount) -> Result<json::object> {
        VLMHB_ASSIGN(json::array argv, MountPlugin(mount, question.command, place.layer));
        if (!question.dataset.empty()) {
          VLMHB_ASSIGN(const std::string dataset, mount(question.dataset, "dataset"));
          argv.emplace_back("--root");
          argv.emplace_back(dataset);
        }
        return json::object{{"kind", registry::KindName(entry.kind)}, {"command", std::move(argv)}};
      }));
  return ReadObject(folder->path() / "output" / question.file);
}

}  // namespace vlmhb::orchestrator
