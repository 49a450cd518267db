// Entries of the registry of each kind, alone and under an overlay: "<base>\x1e<overlay>", YAML.

#include "fuzz.h"
#include "registry/entry_reader.h"

namespace vlmhb::fuzz {

void Test(std::string_view input) {
  using registry::Kind;
  const size_t cut = input.find('\x1e');
  const std::string_view base = input.substr(0, cut);
  std::optional<registry::EntryOverlay> overlay;
  if (cut != input.npos)
    overlay =
        registry::EntryOverlay{.file = "e.dev.yaml", .text = std::string(input.substr(cut + 1))};
  for (const Kind kind : {Kind::kModel, Kind::kTask, Kind::kMetric, Kind::kDataset}) {
    std::vector<config::Problem> problems;
    const auto entry =
        registry::ReadEntry(kind, base, "e.yaml", registry::Level::kUser, problems, overlay);
    CHECK(entry.has_value() == problems.empty(), "what is refused is refused for a reason");
  }
}

}  // namespace vlmhb::fuzz
