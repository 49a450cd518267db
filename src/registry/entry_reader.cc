#include "registry/entry_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/embedded.h"
#include "base/text.h"
#include "config/document_source.h"
#include "config/schema.h"
#include "config/secret_ref.h"
#include "os/file.h"
#include "registry/overlay.h"
#include "registry/package_source.h"
#include "registry/params.h"

namespace vlmhb::embedded {
std::span<const File> EntrySchemas();
}

namespace vlmhb::registry {
namespace {

using config::Problem;
using config::SourceDocument;

// Compiled once; thread-safe by the language's rule for local statics.
const config::JsonSchema& EntrySchema(Kind kind) {
  const auto compile = [](Kind k) {
    Result<json::value> text = ParseJson(EntrySchemaText(k));
    CHECK(text.ok(), "the entry schemas are JSON");
    Result<config::JsonSchema> schema = config::JsonSchema::Compile(*std::move(text));
    CHECK(schema.ok(), "the entry schemas are JSON Schemas");
    return *std::move(schema);
  };
  static const std::array schemas = {compile(Kind::kModel), compile(Kind::kTask),
                                     compile(Kind::kMetric), compile(Kind::kDataset)};
  return schemas.at(static_cast<size_t>(kind));
}

std::map<std::string, std::string> TextMap(const json::object& object, std::string_view key) {
  std::map<std::string, std::string> texts;
  if (const json::object* map = FindObject(object, key))
    for (const auto& member : *map)
      if (member.value().is_string())
        texts.emplace(member.key(), std::string(member.value().get_string()));
  return texts;
}

json::object ObjectOrEmpty(const json::object& object, std::string_view key) {
  const json::object* found = FindObject(object, key);
  return found == nullptr ? json::object() : *found;
}

// A relative path counts from the entry's file.
PackageSource ReadPackage(const json::object& object, const std::string& file) {
  PackageSource source = PackageFromJson(object);
  if (source.type == PackageSource::Type::kLocal)
    source.path = (os::Path(file).parent_path() / source.path).lexically_normal().string();
  return source;
}

// What makes a plug-in of an entry, if anything does.
void ReadPlugin(const json::object& object, Kind kind, const std::string& file,
                PluginEntry& entry) {
  entry.command = FindStrings(object, "command");
  entry.plugin = FindString(object, "plugin");
  if (!entry.plugin.empty()) entry.command = PythonPlugin(kind, entry.plugin);
  entry.image = FindString(object, "image");
  entry.params = ObjectOrEmpty(object, "params");
  if (const json::array* packages = FindArray(object, "packages"))
    for (const json::value& item : *packages)
      entry.packages.push_back(ReadPackage(item.as_object(), file));
}

ModelEntry ReadModel(const json::object& object, const std::string& file) {
  ModelEntry model;
  ReadPlugin(object, Kind::kModel, file, model);
  model.network = FindBool(object, "network", false);
  model.framework = FindString(object, "framework");
  model.family = FindString(object, "family");
  model.unsupported = FindString(object, "unsupported");
  const json::object resources = ObjectOrEmpty(object, "resources");
  model.resources.cpus = FindInt(resources, "cpus", model.resources.cpus);
  model.resources.memory_mb = FindInt(resources, "memory_mb", model.resources.memory_mb);
  model.resources.gpus = FindInt(resources, "gpus", model.resources.gpus);
  model.resources.processes = FindInt(resources, "processes", model.resources.processes);
  return model;
}

TaskEntry ReadTask(const json::object& object, const std::string& file) {
  TaskEntry task;
  ReadPlugin(object, Kind::kTask, file, task);
  task.columns = TaskEntry::UsualColumns();
  for (auto& [role, column] : TextMap(object, "columns")) task.columns[role] = column;
  task.required_columns = FindStrings(object, "required_columns");
  if (task.required_columns.empty()) task.required_columns = {"image", "answer"};
  task.prompt = FindString(object, "prompt");
  task.metrics = FindStrings(object, "metrics");
  task.supported_metrics = FindStrings(object, "supported_metrics");
  task.group_by = FindStrings(object, "group_by");
  if (task.group_by.empty()) task.group_by = {"general"};
  task.report = FindString(object, "report", "text");
  return task;
}

MetricEntry ReadMetric(const json::object& object, const std::string& file) {
  MetricEntry metric;
  ReadPlugin(object, Kind::kMetric, file, metric);
  metric.implementation = FindString(object, "implementation");
  metric.aggregate = FindString(object, "aggregate");
  metric.direction = FindString(object, "direction");
  metric.unit = FindString(object, "unit");
  if (const json::array* range = FindArray(object, "range")) metric.range = *range;
  return metric;
}

// A relative path counts from the entry's file.
DatasetEntry ReadDataset(const json::object& object, const std::string& file) {
  DatasetEntry dataset;
  dataset.task = FindString(object, "task");
  dataset.path =
      (os::Path(file).parent_path() / FindString(object, "path")).lexically_normal().string();
  dataset.format = FindString(object, "format");
  dataset.columns = TextMap(object, "columns");
  dataset.params = ObjectOrEmpty(object, "params");
  dataset.skip_bad = FindBool(object, "skip_bad", false);
  return dataset;
}

Entry ReadByKind(Kind kind, const json::object& object, const std::string& file) {
  switch (kind) {
    case Kind::kModel:
      return ReadModel(object, file);
    case Kind::kTask:
      return ReadTask(object, file);
    case Kind::kMetric:
      return ReadMetric(object, file);
    default:
      return ReadDataset(object, file);
  }
}

// What the JSON Schema of the kind cannot say.
class EntryChecker {
 public:
  EntryChecker(const SourceDocument& document, std::vector<Problem>& problems)
      : document_(document), problems_(problems) {}

  void Check(const json::object& object, Kind kind, Level level) {
    // A dataset's parameters are its task's, which alone knows what there is.
    if (kind == Kind::kDataset) return;
    CheckParams(object);
    CheckPlugin(object, level);
    if (kind == Kind::kModel) CheckModel(object);
    if (kind == Kind::kMetric) CheckMetric(object);
  }

 private:
  void Add(std::string_view pointer, std::string message) {
    problems_.push_back({document_.locate(pointer), std::move(message)});
  }

  // The defaults must obey the entry's own schema.
  void CheckParams(const json::object& object) {
    const json::object params = ObjectOrEmpty(object, "params");
    for (config::SecretProblem& problem : config::CheckSecrets(params))
      Add("/params" + problem.pointer, std::move(problem.message));
    const Result<config::JsonSchema> schema =
        CompileParamsSchema(ObjectOrEmpty(object, "params_schema"));
    if (!schema.ok()) return Add("/params_schema", schema.error().message());
    for (config::SchemaViolation& violation : schema->Validate(params))
      Add("/params" + violation.pointer, std::move(violation.message));
  }

  void CheckPlugin(const json::object& object, Level level) {
    const std::vector<std::string> command = FindStrings(object, "command");
    if (!command.empty() && object.contains("plugin"))
      Add("/plugin",
          "either 'command' or 'plugin'; a plug-in of the Python package vlmhyperbench "
          "has its command from its name");
    const bool has_slash = !command.empty() && command[0].find('/') != std::string::npos;
    if (level == Level::kBuiltIn && has_slash)
      Add("/command/0", "a built-in entry names its program without a path");
    if (const json::array* packages = FindArray(object, "packages"); packages != nullptr)
      for (size_t i = 0; i < packages->size(); ++i) CheckPackage((*packages)[i], i, level);
  }

  void CheckModel(const json::object& object) {
    if (IsPlugin(object) == object.contains("unsupported"))
      Add("", "a model has either 'command' or 'plugin', or 'unsupported' with the reason");
  }

  // A plug-in says itself how its scores are aggregated; the entry may repeat it.
  void CheckMetric(const json::object& object) {
    CheckRange(object);
    if (IsPlugin(object) == object.contains("implementation"))
      Add("", "a metric has either 'implementation', or 'plugin' or 'command'");
    if (IsPlugin(object)) return;
    for (const char* key : {"aggregate", "direction"})
      if (!object.contains(key)) Add("", fmt::format("required key '{}' is missing", key));
    if (FindString(object, "aggregate") == "corpus")
      Add("/aggregate", "an implementation of this program is aggregated by 'ratio' or 'mean'");
  }

  static bool IsPlugin(const json::object& object) {
    return object.contains("command") || object.contains("plugin");
  }

  void CheckPackage(const json::value& package, size_t index, Level level) {
    if (!package.is_object()) return;
    const std::string pointer = fmt::format("/packages/{}", index);
    const json::object& object = package.get_object();
    if (level == Level::kBuiltIn && FindString(object, "type") == "local")
      Add(pointer, "a built-in entry has no local packages");
    if (HoldsCredentials(FindString(object, "url")))
      Add(pointer + "/url",
          "credentials do not belong into a URL; let git's own configuration, or "
          "an ssh:// URL, have them");
  }

  void CheckRange(const json::object& object) {
    const json::array* range = FindArray(object, "range");
    if (range == nullptr || range->size() != 2) return;
    const json::value &low = (*range)[0], &high = (*range)[1];
    if (low.is_number() && high.is_number() && low.to_number<double>() >= high.to_number<double>())
      Add("/range", "the lowest value is not below the highest");
  }

  const SourceDocument& document_;
  std::vector<Problem>& problems_;
};

// From here on problems name both files: a value may have come from either.
bool LayOver(SourceDocument& document, const std::string& file, const EntryOverlay& overlay,
             std::vector<Problem>& problems) {
  Result<SourceDocument> over = config::ReadDocumentText(
      overlay.text, overlay.file, AsciiLower(os::Path(overlay.file).extension().string()));
  if (!over.ok()) {
    problems.push_back({{overlay.file}, over.error().message()});
    return false;
  }
  for (Problem& problem : over->problems) problems.push_back(std::move(problem));
  document.value = Overlaid(std::move(document.value), over->value);
  document.locate = [both = file + " with " + overlay.file](std::string_view pointer) {
    return config::Origin{.file = both, .field = std::string(pointer)};
  };
  return true;
}

}  // namespace

const EntryHeader& HeaderOf(const Entry& entry) {
  return std::visit([](const EntryHeader& header) -> const EntryHeader& { return header; }, entry);
}

std::string_view EntrySchemaText(Kind kind) {
  const std::string name = std::string(KindName(kind)) + ".schema.json";
  const auto files = embedded::EntrySchemas();
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const auto& f) { return f.name == name; });
  CHECK(found != files.end(), "src/registry has a schema for every kind");
  return found->content;
}

std::optional<Entry> ReadEntry(Kind kind, std::string_view text, const std::string& file,
                               Level level, std::vector<Problem>& problems,
                               const std::optional<EntryOverlay>& overlay) {
  const size_t before = problems.size();
  const std::string extension = AsciiLower(os::Path(file).extension().string());
  Result<SourceDocument> document = config::ReadDocumentText(text, file, extension);
  if (!document.ok()) {
    problems.push_back({{file}, document.error().message()});
    return std::nullopt;
  }
  for (Problem& problem : document->problems) problems.push_back(std::move(problem));
  if (overlay.has_value() && !LayOver(*document, file, *overlay, problems)) return std::nullopt;
  for (config::SchemaViolation& violation : EntrySchema(kind).Validate(document->value))
    problems.push_back({document->locate(violation.pointer), std::move(violation.message)});
  if (!document->value.is_object()) return std::nullopt;
  const json::object& object = document->value.get_object();
  EntryChecker(*document, problems).Check(object, kind, level);
  if (problems.size() > before) return std::nullopt;

  Entry entry = ReadByKind(kind, object, file);
  std::visit(
      [&](EntryHeader& header) {
        header.kind = kind;
        header.name = FindString(object, "name");
        header.version = FindString(object, "version");
        header.description = FindString(object, "description");
        header.params_schema = ObjectOrEmpty(object, "params_schema");
        header.level = level;
        header.file = file;
      },
      entry);
  return entry;
}

}  // namespace vlmhb::registry
