#pragma once
// From the text of an entry file to an entry, checked by the JSON Schema of its kind
// (docs/formats/registry.md). Pure.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/experiment.h"
#include "registry/entry.h"

namespace vlmhb::registry {

// A file of RUN_MODE dev that is merged over an entry (overlay.h) before it is checked.
struct EntryOverlay {
  std::string file;
  std::string text;
};

using Entry = std::variant<ModelEntry, TaskEntry, MetricEntry, DatasetEntry>;

const EntryHeader& HeaderOf(const Entry& entry);

// The JSON Schema of entries of a kind, as text.
std::string_view EntrySchemaText(Kind kind);

// `file` (its extension gives the format) becomes the entry's file and is named in problems.
// nullopt if anything is wrong; every problem is added.
std::optional<Entry> ReadEntry(Kind kind, std::string_view text, const std::string& file,
                               Level level, std::vector<config::Problem>& problems,
                               const std::optional<EntryOverlay>& overlay = std::nullopt);

}  // namespace vlmhb::registry
