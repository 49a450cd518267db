#include "orchestrator/handle.h"

#include "base/json.h"

namespace vlmhb::orchestrator {
namespace {

constexpr std::string_view kSchema = "vlmhb.handle/1";
constexpr std::string_view kSuffix = ".handle.json";
constexpr size_t kMaxBytes = 64u << 10;

void AddHandlesOf(const Path& folder, std::vector<FoundHandle>& found) {
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (!at->path().filename().string().ends_with(kSuffix)) continue;
    const Result<std::string> text = os::ReadFile(at->path(), kMaxBytes);
    if (!text.ok()) continue;
    const Result<json::value> value = ParseJson(*text);
    if (!value.ok() || !value->is_object()) continue;
    const json::object& object = value->get_object();
    if (FindString(object, "schema") != kSchema) continue;
    found.push_back({at->path(),
                     {.environment = FindString(object, "environment"),
                      .id = FindString(object, "id"),
                      .identity = FindString(object, "identity"),
                      .started_at = FindString(object, "started_at"),
                      .gpus = FindStrings(object, "gpus")}});
  }
}

}  // namespace

Result<void> WriteHandle(const Path& file, const Handle& handle) {
  return os::WriteFileAtomic(
      file,
      ToPrettyJson(json::object{{"schema", kSchema},
                                {"environment", handle.environment},
                                {"id", handle.id},
                                {"identity", handle.identity},
                                {"started_at", handle.started_at},
                                {"gpus", json::array(handle.gpus.begin(), handle.gpus.end())}}));
}

void RemoveHandle(const Path& file) {
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
}

std::vector<FoundHandle> FindHandles(const Path& experiment) {
  std::vector<FoundHandle> found;
  AddHandlesOf(experiment, found);
  std::error_code error;
  for (std::filesystem::directory_iterator at(experiment / "runs", error), end; !error && at != end;
       at.increment(error))
    AddHandlesOf(at->path(), found);
  return found;
}

}  // namespace vlmhb::orchestrator
