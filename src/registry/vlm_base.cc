#include "registry/vlm_base.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include "base/csv.h"
#include "base/text.h"

namespace vlmhb::registry {
namespace {

using Cells = std::vector<std::string>;

// The cells of one row by column name; "" where there is none.
class Row {
 public:
  Row(const Cells& header, const Cells& cells) : header_(header), cells_(cells) {}
  std::string operator[](std::string_view column) const {
    const auto found = std::find(header_.begin(), header_.end(), column);
    const size_t index = static_cast<size_t>(found - header_.begin());
    return index < header_.size() && index < cells_.size() ? cells_[index] : "";
  }

 private:
  const Cells& header_;
  const Cells& cells_;
};

ModelEntry ReadModel(const Row& row, const std::string& file) {
  ModelEntry model;
  model.kind = Kind::kModel;
  model.name = row["model_name"];
  model.framework = row["framework"];
  model.family = row["model_family"];
  model.version = "vlm_base";
  model.level = Level::kExperiment;
  model.file = file;
  model.unsupported = fmt::format(
      "vlm_base.csv describes it as the Python class {}.{}:{} in the image {}, which this version "
      "cannot start; it runs native plug-ins. Give it a registry entry with a 'command' "
      "(docs/formats/registry.md), or evaluate its answers with only_evaluate_metrics",
      row["python_package"], row["module"], row["class_name"], row["docker_image"]);
  return model;
}

}  // namespace

std::vector<ModelEntry> ReadVlmBase(std::string_view text, const std::string& file,
                                    std::vector<config::Problem>& problems) {
  std::istringstream stream{std::string(text)};
  CsvReader reader(stream, {.delimiter = GuessCsvDelimiter(stream), .max_record_bytes = 1u << 20});
  std::vector<ModelEntry> models;
  std::map<std::pair<std::string, std::string>, uint64_t> seen;
  Cells header, cells;
  while (true) {
    const Result<bool> more = reader.Next(cells);
    if (!more.ok()) {
      problems.push_back({{file, reader.line(), ""}, more.error().message()});
      return models;
    }
    if (!*more) return models;
    if (!std::all_of(cells.begin(), cells.end(), [](const auto& c) { return IsValidUtf8(c); })) {
      problems.push_back({{file, reader.line(), ""}, "the text is not UTF-8"});
      continue;
    }
    if (header.empty()) {
      header = cells;
      for (const char* column : {"framework", "model_name"})
        if (std::find(header.begin(), header.end(), column) == header.end())
          problems.push_back({{file, reader.line(), column}, "the header lacks this column"});
      continue;
    }
    ModelEntry model = ReadModel(Row(header, cells), file);
    if (model.name.empty() || model.framework.empty()) continue;
    const auto [first, is_new] = seen.try_emplace({model.framework, model.name}, reader.line());
    if (is_new)
      models.push_back(std::move(model));
    else
      problems.push_back(
          {{file, reader.line(), "model_name"},
           fmt::format("framework '{}' with model '{}' is in row {} already; keep one",
                       model.framework, model.name, first->second)});
  }
}

}  // namespace vlmhb::registry
