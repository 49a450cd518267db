#include "config/experiment.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/run_fields.h"

namespace vlmhb::config {

std::string Problem::ToString() const {
  std::string place = origin.file;
  const bool pointer = origin.field.starts_with('/');
  if (origin.row > 0) {
    const bool csv_row = !pointer && !origin.field.empty();
    place += fmt::format(", {} {}", csv_row ? "row" : "line", origin.row);
  }
  if (pointer)
    place += ", " + origin.field;
  else if (!origin.field.empty())
    place += ", column " + origin.field;
  return place + ": " + message;
}

Origin RunConfig::Field(std::string_view key) const {
  if (!origin.field.starts_with('/')) return {origin.file, origin.row, std::string(ColumnOf(key))};
  const std::string_view top = key.substr(0, key.find('/'));
  const bool from_defaults = std::find(inherited.begin(), inherited.end(), top) != inherited.end();
  if (from_defaults) return {origin.file, 0, fmt::format("/defaults/{}", key)};
  return {origin.file, origin.row, fmt::format("{}/{}", origin.field, key)};
}

}  // namespace vlmhb::config
