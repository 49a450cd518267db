#pragma once
// Free-form manifests side by side: one row for each key, so that what differs between runs shows.
// A pure function.

#include <string>
#include <vector>

#include "report/report_model.h"

namespace vlmhb::report {

struct ManifestRow {
  std::string key;                  // path of members, "hardware.cpu.model"
  bool same = false;                // every run that has a manifest has this value
  std::vector<std::string> values;  // by run with a manifest; "" where it has no such member
};

struct ManifestTable {
  std::vector<size_t> runs;  // indices in Report::runs of those with a manifest
  std::vector<ManifestRow> rows;
  size_t left_out = 0;  // rows beyond kMostManifestRows
};

inline constexpr size_t kMostManifestRows = 300;

// Without `warnings`, which the report shows at its top.
ManifestTable TabulateManifests(const Report& report);

}  // namespace vlmhb::report
