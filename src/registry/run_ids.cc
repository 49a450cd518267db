#include "registry/run_ids.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <set>

#include "base/text.h"
#include "registry/version.h"

namespace vlmhb::registry {
namespace {

// Ids given so far; knows for each wish which number to try next, so that many equal wishes are
// cheap.
class IdSet {
 public:
  std::string Take(std::string_view wish) {
    const std::string slug = Slug(wish);
    int& count = counts_[AsciiLower(slug)];
    while (true) {
      ++count;
      std::string id = count == 1 ? slug : fmt::format("{}-{}", slug, count);
      if (taken_.insert(AsciiLower(id)).second) return id;
    }
  }

 private:
  std::set<std::string> taken_;
  std::map<std::string, int> counts_;
};

// "<model>__<dataset>": names without their ranges of versions, of a path its last part.
std::string DefaultName(const config::RunConfig& run) {
  std::string dataset(SplitReference(run.dataset).name);
  if (dataset.find('/') != dataset.npos) {
    std::filesystem::path path = std::filesystem::path(dataset).lexically_normal();
    if (path.filename().empty()) path = path.parent_path();
    dataset = path.stem().string();
  }
  return std::string(SplitReference(run.model).name) + "__" + dataset;
}

}  // namespace

std::vector<std::string> MakeRunIds(const std::vector<config::RunConfig>& runs,
                                    std::vector<config::Problem>& problems) {
  std::vector<std::string> ids(runs.size());
  IdSet set;
  std::set<std::string_view> names;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].name.empty()) continue;
    if (!names.insert(runs[i].name).second)
      problems.push_back({runs[i].Field("name"),
                          fmt::format("another run has the name '{}' already", runs[i].name)});
    ids[i] = set.Take(runs[i].name);
  }
  for (size_t i = 0; i < runs.size(); ++i)
    if (runs[i].name.empty()) ids[i] = set.Take(DefaultName(runs[i]));
  return ids;
}

}  // namespace vlmhb::registry
