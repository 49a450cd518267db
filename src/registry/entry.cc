#include "registry/entry.h"

namespace vlmhb::registry {

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kModel:
      return "model";
    case Kind::kTask:
      return "task";
    case Kind::kMetric:
      return "metric";
    case Kind::kDataset:
      return "dataset";
  }
  return "";
}

std::string_view LevelName(Level level) {
  switch (level) {
    case Level::kBuiltIn:
      return "built-in";
    case Level::kUser:
      return "user";
    case Level::kExperiment:
      return "experiment";
  }
  return "";
}

std::map<std::string, std::string> TaskEntry::UsualColumns() {
  return {{"image", "image_path"},
          {"question", "question"},
          {"answer", "answer"},
          {"doc_class", "doc_class"},
          {"question_type", "question_type"}};
}

std::vector<std::string> PythonPlugin(Kind kind, const std::string& plugin) {
  return {"python", "-m", "vlmhyperbench.worker", std::string(KindName(kind)), plugin};
}

}  // namespace vlmhb::registry
