#pragma once
// The predecessor's user_config*.csv, one row = one run, plus this project's own columns
// (docs/formats/config.md): read into run objects of the JSON and YAML form. Pure.

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "config/experiment.h"

namespace vlmhb::config {

struct CsvRuns {
  json::array runs;            // objects with the keys of a run; empty cells are absent
  std::vector<uint64_t> rows;  // of each run: the 1-based line it starts on
  std::set<std::string>
      missing_keys;               // required keys whose column is not there (already a problem)
  std::vector<Problem> problems;  // cells that could not be read
};

// Delimiter ';' or ',' (guessed from the header), optional BOM, LF or CRLF. `file` is named in
// problems.
CsvRuns ParseCsvConfig(std::string_view text, const std::string& file);

// A boolean cell: True, False, 1, 0, yes, no in any case.
Result<bool> ParseCsvBool(std::string_view cell);

}  // namespace vlmhb::config
