#include "orchestrator/plugin_place.h"

#include "base/hash.h"
#include "os/file.h"

namespace vlmhb::orchestrator {

std::optional<std::string> PluginFile(const registry::PluginEntry& entry) {
  if (entry.command.at(0) != "python") return entry.command[0];
  if (entry.command.size() < 2 || entry.command[1] == "-m") return std::nullopt;
  return entry.command[1];
}

Result<std::string> CodeDigest(const registry::PluginEntry& entry, const PluginPlace& place) {
  Sha256 hash;
  hash.UpdateField(place.image.digest);
  hash.UpdateField(place.layer == nullptr ? "" : place.layer->key);
  if (const auto file = PluginFile(entry); file.has_value()) {
    VLMHB_ASSIGN(const std::string bytes, os::ReadFile(*file));
    hash.UpdateField(Sha256Hex(bytes));
  }
  for (size_t i = 1; i < entry.command.size(); ++i) hash.UpdateField(entry.command[i]);
  hash.UpdateField(registry::KindName(entry.kind));
  return hash.HexDigest();
}

}  // namespace vlmhb::orchestrator
