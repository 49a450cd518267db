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

}  // namespace vlmhb::registry
