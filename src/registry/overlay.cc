#include "registry/overlay.h"

namespace vlmhb::registry {

json::value Overlaid(json::value base, const json::value& overlay) {
  if (!overlay.is_object()) return overlay;
  json::object merged = base.is_object() ? std::move(base.get_object()) : json::object();
  for (const auto& [key, value] : overlay.get_object()) {
    if (value.is_null()) {
      merged.erase(key);
      continue;
    }
    json::value& place = merged[key];
    place = Overlaid(std::move(place), value);
  }
  return merged;
}

bool IsOverlayFile(const os::Path& file) { return file.stem().extension() == ".dev"; }

}  // namespace vlmhb::registry
