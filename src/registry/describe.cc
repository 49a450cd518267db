#include "registry/describe.h"

#include <string>
#include <vector>

#include "base/text.h"
#include "registry/package_source.h"

namespace vlmhb::registry {
namespace {

json::array Texts(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

json::object TextMap(const std::map<std::string, std::string>& texts) {
  json::object object;
  for (const auto& [key, text] : texts) object[key] = text;
  return object;
}

json::array DescribePackages(const std::vector<PackageSource>& packages) {
  json::array list;
  for (const PackageSource& source : packages) list.push_back(PackageToJson(source));
  return list;
}

json::object Header(const EntryHeader& entry) {
  return {{"kind", KindName(entry.kind)},    {"name", entry.name},
          {"version", entry.version},        {"description", entry.description},
          {"level", LevelName(entry.level)}, {"file", entry.file}};
}

json::object ModelHeader(const ModelEntry& model) {
  json::object object = Header(model);
  object["framework"] = model.framework;
  object["runnable"] = model.unsupported.empty();
  return object;
}

void DescribePlugin(const PluginEntry& entry, json::object& object) {
  if (!entry.plugin.empty()) object["plugin"] = entry.plugin;
  if (entry.is_plugin()) object["command"] = Texts(entry.command);
  object["params"] = entry.params;
  object["params_schema"] = entry.params_schema;
  if (!entry.packages.empty()) object["packages"] = DescribePackages(entry.packages);
  if (!entry.image.empty()) object["image"] = entry.image;
}

json::object Describe(const ModelEntry& model) {
  json::object object = ModelHeader(model);
  object["family"] = model.family;
  if (!model.unsupported.empty()) object["unsupported"] = model.unsupported;
  DescribePlugin(model, object);
  object["network"] = model.network;
  object["resources"] = {{"cpus", model.resources.cpus},
                         {"memory_mb", model.resources.memory_mb},
                         {"gpus", model.resources.gpus},
                         {"processes", model.resources.processes}};
  return object;
}

json::object Describe(const TaskEntry& task) {
  json::object object = Header(task);
  object["columns"] = TextMap(task.columns);
  object["required_columns"] = Texts(task.required_columns);
  object["prompt"] = task.prompt;
  object["metrics"] = Texts(task.metrics);
  object["supported_metrics"] = Texts(task.supported_metrics);
  object["group_by"] = Texts(task.group_by);
  object["report"] = task.report;
  if (task.is_plugin()) DescribePlugin(task, object);
  return object;
}

json::object Describe(const MetricEntry& metric) {
  json::object object = Header(metric);
  if (!metric.is_plugin()) object["implementation"] = metric.implementation;
  object["aggregate"] = metric.aggregate;
  object["direction"] = metric.direction;
  object["unit"] = metric.unit;
  object["range"] = metric.range;
  DescribePlugin(metric, object);
  return object;
}

json::object Describe(const DatasetEntry& dataset) {
  json::object object = Header(dataset);
  object["task"] = dataset.task;
  object["path"] = dataset.path;
  if (!dataset.format.empty()) object["format"] = dataset.format;
  object["columns"] = TextMap(dataset.columns);
  if (!dataset.params.empty()) object["params"] = dataset.params;
  return object;
}

template <typename E>
json::array Headers(const Registry::Table<E>& table) {
  json::array list;
  for (const auto& [name, versions] : table)
    for (const E& entry : versions) list.push_back(Header(entry));
  return list;
}

template <typename E>
Result<json::object> Described(Result<const E*> found) {
  VLMHB_ASSIGN(const E* entry, std::move(found));
  return Describe(*entry);
}

}  // namespace

std::optional<Kind> ParseKind(std::string_view text) {
  const std::string lower = AsciiLower(text);
  for (const Kind kind : {Kind::kModel, Kind::kTask, Kind::kMetric, Kind::kDataset})
    if (lower == KindName(kind) || lower == std::string(KindName(kind)) + "s") return kind;
  return std::nullopt;
}

json::array List(const Registry& registry, Kind kind) {
  if (kind == Kind::kTask) return Headers(registry.tasks());
  if (kind == Kind::kMetric) return Headers(registry.metrics());
  if (kind == Kind::kDataset) return Headers(registry.datasets());
  json::array list;
  for (const auto& [name, versions] : registry.models())
    for (const ModelEntry& model : versions) list.push_back(ModelHeader(model));
  for (const ModelEntry& model : registry.vlm_base()) list.push_back(ModelHeader(model));
  return list;
}

Result<json::object> Show(const Registry& registry, Kind kind, std::string_view name) {
  if (kind == Kind::kModel) return Described(registry.FindModel("", name));
  if (kind == Kind::kTask) return Described(registry.FindTask(name));
  if (kind == Kind::kMetric) return Described(registry.FindMetric(name));
  return Described(registry.FindDataset(name));
}

}  // namespace vlmhb::registry
