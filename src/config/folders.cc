#include "config/folders.h"

#include <fmt/format.h>

#include <string>

namespace vlmhb::config {
namespace {

using os::Path;

constexpr const char* kPredecessorFile = "VLMHyperBench_config.json";

bool Exists(const Path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

// The predecessor counted from the working folder, usually the one above its `cfg` folder: a path
// that is not beside the file is looked for one folder up.
std::string FromPredecessorFile(const Path& folder, const std::string& relative) {
  const Path beside = (folder / relative).lexically_normal();
  const Path above = (folder.parent_path() / relative).lexically_normal();
  return !Exists(beside) && Exists(above) ? above.string() : beside.string();
}

struct Predecessor {
  Path folder;
  json::object content;
};

std::optional<Predecessor> FindPredecessorFile(const Path& config_folder,
                                               std::vector<Problem>& problems) {
  for (const Path& folder : {config_folder, config_folder.parent_path()}) {
    const Path path = folder / kPredecessorFile;
    if (!Exists(path)) continue;
    const Result<std::string> text = os::ReadFile(path, 1u << 20);
    Result<json::value> value = text.ok() ? ParseJson(*text) : text.error();
    if (value.ok() && value->is_object()) return Predecessor{folder, value->get_object()};
    problems.push_back(
        {{path.string()}, value.ok() ? "a JSON object was expected" : value.error().ToString()});
    return std::nullopt;
  }
  return std::nullopt;
}

struct Folder {
  const char* key;          // below "folders"
  const char* predecessor;  // below "data_dirs"
  const char* standard;
  std::string DataFolders::*target;
};

constexpr Folder kFolders[] = {
    {"datasets", "datasets", "datasets", &DataFolders::datasets},
    {"prompt_collections", "prompt_collections", "prompt_collections",
     &DataFolders::prompt_collections},
    {"system_prompts", "system_prompts", "system_prompts", &DataFolders::system_prompts},
    {"answers", "model_answers", "model_answers", &DataFolders::answers},
};

}  // namespace

DataFolders FindFolders(const Path& config_folder, const json::object& named,
                        std::vector<Problem>& problems) {
  const std::optional<Predecessor> old = FindPredecessorFile(config_folder, problems);
  const json::object empty;
  const json::object* dirs = old.has_value() ? FindObject(old->content, "data_dirs") : nullptr;
  if (dirs == nullptr) dirs = &empty;

  const auto choose = [&](const std::string& own, const std::string& from_old,
                          const char* standard) {
    if (!own.empty()) return (config_folder / own).lexically_normal().string();
    if (!from_old.empty()) return FromPredecessorFile(old->folder, from_old);
    return (config_folder / standard).string();
  };
  DataFolders folders;
  for (const Folder& folder : kFolders)
    folders.*folder.target = choose(FindString(named, folder.key),
                                    FindString(*dirs, folder.predecessor), folder.standard);
  const std::string own_base = FindString(named, "vlm_base");
  const std::string old_base = old.has_value() ? FindString(old->content, "vlm_base") : "";
  folders.vlm_base = choose(own_base, old_base, "vlm_base.csv");
  if (own_base.empty() && old_base.empty() && !Exists(folders.vlm_base)) folders.vlm_base.clear();
  return folders;
}

}  // namespace vlmhb::config
