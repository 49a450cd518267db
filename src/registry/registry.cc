#include "registry/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/embedded.h"
#include "base/text.h"
#include "registry/overlay.h"
#include "registry/version.h"
#include "registry/vlm_base.h"

namespace vlmhb::embedded {
std::span<const File> Registries();
}

namespace vlmhb::registry {

using config::Problem;
using os::Path;

namespace {

constexpr size_t kMaxEntryBytes = 1u << 20;
constexpr Kind kKinds[] = {Kind::kModel, Kind::kTask, Kind::kMetric, Kind::kDataset};

// "models", the folder of a kind.
std::string FolderOf(Kind kind) { return std::string(KindName(kind)) + "s"; }

bool IsEntryFile(const Path& path) {
  const std::string extension = AsciiLower(path.extension().string());
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

// Sorted, so that problems come in the same order on every machine.
std::vector<Path> EntryFiles(const Path& folder, bool overlays) {
  std::vector<Path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error))
    if (IsEntryFile(it->path()) && IsOverlayFile(it->path()) == overlays)
      files.push_back(it->path());
  std::sort(files.begin(), files.end());
  return files;
}

Error Unknown(Kind kind, std::string_view name, const std::vector<std::string>& known) {
  const std::string_view what = KindName(kind);
  return Error(ErrorCode::kNotFound,
               fmt::format("there is no {} '{}'.{} `vlmhb registry list {}s` shows what there is.",
                           what, Truncate(name, 80), DidYouMean(name, known), what));
}

template <typename E>
std::vector<std::string> NamesOf(const Registry::Table<E>& table) {
  std::vector<std::string> names;
  for (const auto& [key, versions] : table) names.push_back(versions.front().name);
  return names;
}

// Whether `a` is to be found before `b`.
bool ComesBefore(const EntryHeader& a, const EntryHeader& b) {
  if (a.level != b.level) return a.level > b.level;
  return Version(a.version) > Version(b.version);
}

template <typename E>
Result<const E*> HighestIn(const std::vector<E>& versions, std::string_view range, Kind kind) {
  VersionRange wanted;
  if (!range.empty()) {
    VLMHB_ASSIGN(wanted, VersionRange::Parse(range));
  }
  std::vector<std::string> known;
  for (const E& entry : versions) {
    if (wanted.Contains(Version(entry.version))) return &entry;
    known.push_back(entry.version);
  }
  return Error(
      ErrorCode::kNotFound,
      fmt::format("there is no version {} of the {} '{}'; there is {}", Truncate(range, 80),
                  KindName(kind), versions.front().name, Join(known, " and ")));
}

template <typename E>
Result<const E*> Find(const Registry::Table<E>& table, std::string_view text, bool any_case,
                      Kind kind) {
  const auto key = [&](std::string_view name) {
    return any_case ? AsciiLower(name) : std::string(name);
  };
  if (const auto exact = table.find(key(text)); exact != table.end()) return &exact->second.front();
  const Reference reference = SplitReference(text);
  const auto found = table.find(key(reference.name));
  if (found == table.end()) return Unknown(kind, reference.name, NamesOf(table));
  return HighestIn(found->second, reference.range, kind);
}

}  // namespace

// Puts entries into the tables, level by level.
class RegistryLoader {
 public:
  RegistryLoader(Registry& registry, bool dev, std::vector<Problem>& problems)
      : registry_(registry), dev_(dev), problems_(problems) {}

  void AddBuiltIn() {
    for (const embedded::File& file : embedded::Registries()) {
      const std::string_view folder = file.name.substr(0, file.name.find('/'));
      for (const Kind kind : kKinds)
        if (folder == FolderOf(kind))
          Add(kind, file.content, fmt::format("built-in:{}", file.name), Level::kBuiltIn);
    }
  }

  void AddFolder(const Path& folder, Level level) {
    if (folder.empty()) return;
    for (const Kind kind : kKinds) {
      std::map<Path, Path> overlays = OverlaysIn(folder / FolderOf(kind));
      for (const Path& file : EntryFiles(folder / FolderOf(kind), false)) {
        const Result<std::string> text = os::ReadFile(file, kMaxEntryBytes);
        if (!text.ok()) {
          problems_.push_back({{file.string()}, text.error().ToString()});
          continue;
        }
        const auto overlay = overlays.extract(file.parent_path() / file.stem());
        if (overlay.empty())
          Add(kind, *text, file.string(), level);
        else
          AddOverlaid(kind, *text, file.string(), overlay.mapped(), level);
      }
      for (const auto& [stem, file] : overlays)
        problems_.push_back({{file.string()}, "there is no entry beside it that it could overlay"});
    }
  }

  void AddVlmBase(const Path& file) {
    if (file.empty()) return;
    const Result<std::string> text = os::ReadFile(file, kMaxEntryBytes);
    if (text.ok())
      registry_.vlm_base_ = ReadVlmBase(*text, file.string(), problems_);
    else
      problems_.push_back({{file.string()}, text.error().ToString()});
  }

 private:
  // Path without its two extensions -> overlay; none in prod mode.
  std::map<Path, Path> OverlaysIn(const Path& folder) const {
    std::map<Path, Path> overlays;
    if (!dev_) return overlays;
    for (const Path& file : EntryFiles(folder, true)) overlays[folder / file.stem().stem()] = file;
    return overlays;
  }

  void AddOverlaid(Kind kind, std::string_view text, const std::string& file, const Path& overlay,
                   Level level) {
    const Result<std::string> over = os::ReadFile(overlay, kMaxEntryBytes);
    if (over.ok())
      Put(ReadEntry(kind, text, file, level, problems_,
                    EntryOverlay{.file = overlay.string(), .text = *over}));
    else
      problems_.push_back({{overlay.string()}, over.error().ToString()});
  }

  void Add(Kind kind, std::string_view text, const std::string& file, Level level) {
    Put(ReadEntry(kind, text, file, level, problems_));
  }

  void Put(std::optional<Entry> entry) {
    if (!entry.has_value()) return;
    if (auto* model = std::get_if<ModelEntry>(&*entry))
      Put(registry_.models_, AsInstalled(std::move(*model)));
    else if (auto* task = std::get_if<TaskEntry>(&*entry))
      Put(registry_.tasks_, AsInstalled(std::move(*task)));
    else if (auto* metric = std::get_if<MetricEntry>(&*entry))
      Put(registry_.metrics_, AsInstalled(std::move(*metric)));
    else if (auto* dataset = std::get_if<DatasetEntry>(&*entry))
      Put(registry_.datasets_, std::move(*dataset));
  }

  template <typename E>
  E AsInstalled(E entry) const {
    for (PackageSource& source : entry.packages) source.editable = source.editable && dev_;
    return entry;
  }

  template <typename E>
  void Put(Registry::Table<E>& table, E entry) {
    const bool any_case = entry.kind == Kind::kTask || entry.kind == Kind::kMetric;
    const std::string key = any_case ? AsciiLower(entry.name) : entry.name;
    std::vector<E>& versions = table[key];
    const auto same = std::find_if(versions.begin(), versions.end(), [&](const E& other) {
      return other.level == entry.level && Version(other.version) == Version(entry.version);
    });
    if (same != versions.end()) {
      problems_.push_back(
          {{entry.file},
           fmt::format("version {} of the {} '{}' is in {} already; within one "
                       "level a version of a name is there once",
                       entry.version, KindName(entry.kind), entry.name, same->file)});
      return;
    }
    const auto place = std::upper_bound(versions.begin(), versions.end(), entry, ComesBefore);
    versions.insert(place, std::move(entry));
  }

  Registry& registry_;
  const bool dev_;
  std::vector<Problem>& problems_;
};

Registry Registry::Load(const RegistryFolders& folders, std::vector<Problem>& problems) {
  Registry registry;
  RegistryLoader loader(registry, folders.dev, problems);
  loader.AddBuiltIn();
  loader.AddFolder(folders.user, Level::kUser);
  loader.AddFolder(folders.experiment, Level::kExperiment);
  loader.AddVlmBase(folders.vlm_base);
  return registry;
}

// An entry comes before a row of vlm_base.csv, so that a model gets a plug-in by getting an entry.
Result<const ModelEntry*> Registry::FindModel(std::string_view framework,
                                              std::string_view name) const {
  std::vector<const ModelEntry*> named;
  const Result<const ModelEntry*> entry = Find(models_, name, false, Kind::kModel);
  if (entry.ok()) named.push_back(*entry);
  for (const ModelEntry& row : vlm_base_)
    if (row.name == name && (named.empty() || row.framework != named[0]->framework))
      named.push_back(&row);
  if (framework.empty() && named.size() == 1) return named[0];

  std::vector<std::string> frameworks;
  for (const ModelEntry* model : named) {
    if (!framework.empty() && model->framework == framework) return model;
    frameworks.push_back(model->framework);
  }
  if (!named.empty())
    return Error(
        ErrorCode::kNotFound,
        fmt::format("the model '{}' is there for {}; {}.{}", name, Join(frameworks, " and "),
                    framework.empty() ? "name its framework" : "not for this framework",
                    DidYouMean(framework, frameworks)));
  if (models_.contains(SplitReference(name).name)) return entry;  // but in no version that fits
  std::vector<std::string> known = NamesOf(models_);
  for (const ModelEntry& row : vlm_base_) known.push_back(row.name);
  return Unknown(Kind::kModel, name, known);
}

Result<const TaskEntry*> Registry::FindTask(std::string_view name) const {
  return Find(tasks_, name, true, Kind::kTask);
}

Result<const MetricEntry*> Registry::FindMetric(std::string_view name) const {
  return Find(metrics_, name, true, Kind::kMetric);
}

Result<const DatasetEntry*> Registry::FindDataset(std::string_view name) const {
  return Find(datasets_, name, false, Kind::kDataset);
}

}  // namespace vlmhb::registry
