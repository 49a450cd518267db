#include "orchestrator/importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/hash.h"
#include "base/text.h"
#include "orchestrator/plugin_mount.h"
#include "os/file_hash.h"
#include "os/system.h"

namespace vlmhb::orchestrator {
namespace {

using os::Path;
using registry::ImportedDataset;
using registry::ImportSource;
using registry::TaskEntry;
namespace fs = std::filesystem;

constexpr int64_t kMemory = 4'000'000'000;
constexpr std::chrono::hours kLongest{12};
constexpr size_t kMaxReportBytes = 1u << 20;

// Names, sizes and times of everything that the source consists of.
std::string StampOfSource(const Path& source) {
  std::vector<std::string> stamps;
  const auto add = [&](const Path& file) {
    const auto stamp = os::StampOf(file);
    stamps.push_back(file.string() + " " + (stamp.ok() ? stamp->ToString() : "unreadable"));
  };
  std::error_code error;
  if (!fs::is_directory(source, error)) add(source);
  for (fs::recursive_directory_iterator at(source, error), end; !error && at != end;
       at.increment(error))
    if (at->is_regular_file(error)) add(at->path());
  std::sort(stamps.begin(), stamps.end());
  Sha256 hash;
  for (const std::string& stamp : stamps) hash.UpdateField(stamp);
  return hash.HexDigest();
}

json::object RolesToJson(const ImportSource& source) {
  json::object roles;
  for (const auto& [role, column] : source.roles) roles[role] = column;
  return roles;
}

// The folder that is shown to the import: images are looked for in it.
Path RootOf(const ImportSource& source) {
  std::error_code ignored;
  const Path path = source.path;
  return fs::is_directory(path, ignored) ? path : path.parent_path();
}

// What was made in `folder`; nullopt if there is nothing whole.
std::optional<ImportedDataset> ReadImport(const Path& folder, const ImportSource& source) {
  const Result<std::string> text = os::ReadUntrustedFile(folder / "import.json", kMaxReportBytes);
  if (!text.ok()) return std::nullopt;
  const Result<json::value> report = ParseJson(*text);
  if (!report.ok() || !report->is_object()) return std::nullopt;
  const Path annotation = folder / "annotation.csv";
  if (!os::CheckNoLink(annotation).ok()) return std::nullopt;
  const bool stays = FindString(report->get_object(), "images") == "source";
  const Path below = FindString(report->get_object(), "below");  // of the source's folder
  const Result<Path> root = stays ? os::JoinInside(RootOf(source), below.string()) : Result(folder);
  if (!root.ok()) return std::nullopt;
  return ImportedDataset{root->string(), annotation.string()};
}

}  // namespace

Result<Path> Importer::FolderOf(const ImportSource& source, const TaskEntry& task,
                                const Provision& provision) {
  const auto [stamp, is_new] = stamps_.try_emplace(source.path);
  if (is_new) stamp->second = StampOfSource(source.path);
  Sha256 hash;
  for (const std::string& part : {std::string(VLMHB_VERSION), source.path, stamp->second,
                                  source.format, std::string(source.skip_bad ? "skip" : "")})
    hash.UpdateField(part);
  hash.UpdateField(ToCanonicalJson(RolesToJson(source)));
  if (source.by_plugin) {
    VLMHB_ASSIGN(const std::string code, CodeDigest(task, provision.place()));
    hash.UpdateField(code);
    hash.UpdateField(task.version);
    hash.UpdateField(ToCanonicalJson(source.params));
  }
  return options_.cache / hash.HexDigest();
}

std::optional<ImportedDataset> Importer::Find(const ImportSource& source, const TaskEntry& task,
                                              const Provision& provision) {
  const Result<Path> place = FolderOf(source, task, provision);
  return place.ok() ? ReadImport(*place, source) : std::nullopt;
}

Result<ImportedDataset> Importer::Ensure(const ImportSource& source, const TaskEntry& task,
                                         const Provision& provision) {
  if (provision.problem.has_value()) return *provision.problem;
  VLMHB_ASSIGN(const Path place, FolderOf(source, task, provision));
  if (auto found = ReadImport(place, source)) return *found;
  if (const auto failed = failed_.find(place); failed != failed_.end()) return failed->second;
  if (const Result<void> made = Make(source, task, provision, place); !made.ok()) {
    failed_.emplace(place, made.error());
    return made.error();
  }
  if (auto found = ReadImport(place, source)) return *found;
  return Error(ErrorCode::kCorrupt, "the import left no report in " + place.string());
}

Result<void> Importer::Make(const ImportSource& source, const TaskEntry& task,
                            const Provision& provision, const Path& place) {
  VLMHB_TRY(os::MakeFolders(options_.cache));
  os::RemoveOrphans(options_.cache);  // of imports that were killed
  VLMHB_ASSIGN(const auto folder, os::TempFolder::Create(options_.cache, os::OwnedName("import")));
  VLMHB_TRY(RunStage(source, task, provision, folder->path()));
  std::error_code error;
  fs::remove_all(place, error);  // one that is damaged
  fs::rename(folder->path() / "output", place, error);
  if (error) return ErrnoError(error.value(), "cannot make " + place.string());
  return os::SyncFolder(options_.cache);
}

Result<void> Importer::RunStage(const ImportSource& source, const TaskEntry& task,
                                const Provision& provision, const Path& folder) {
  const auto describe = [&](const MountReadOnly& mount) -> Result<json::object> {
    const Path root = RootOf(source);
    VLMHB_ASSIGN(const std::string guest_root, mount(root, "dataset"));
    const std::string inside = Path(source.path).lexically_relative(root).string();
    json::object parameters = {{"source", inside == "." ? guest_root : guest_root + "/" + inside},
                               {"format", source.format},
                               {"roles", RolesToJson(source)},
                               {"skip_bad", source.skip_bad}};
    if (!source.by_plugin) return parameters;
    VLMHB_ASSIGN(json::array argv, MountPlugin(mount, task.command, provision.place().layer));
    parameters["plugin"] = {{"command", std::move(argv)}, {"params", source.params}};
    return parameters;
  };
  return RunLoneStage(env_, options_,
                      {.stage = "import",
                       .image = provision.image.reference,
                       .memory_bytes = kMemory,
                       .timeout = kLongest,
                       .failure = ErrorCode::kInvalidConfig},
                      folder, describe);
}

}  // namespace vlmhb::orchestrator
