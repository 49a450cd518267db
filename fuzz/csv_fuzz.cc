// CSV: any bytes can be read or refused, and what was read survives being written and read again.

#include <sstream>

#include "base/csv.h"
#include "fuzz.h"

namespace vlmhb::fuzz {
namespace {

using Records = std::vector<std::vector<std::string>>;

// The records up to the end or the first error; `whole`: there was no error.
Records ReadAll(const std::string& text, char delimiter, bool& whole) {
  std::istringstream in(text);
  CsvReader reader(in, {.delimiter = delimiter, .max_record_bytes = 4096});
  Records records;
  std::vector<std::string> cells;
  uint64_t line = 0;
  uint64_t end = 0;  // of the record before
  while (true) {
    const auto more = reader.Next(cells);
    whole = more.ok();
    if (!more.ok() || !*more) return records;
    CHECK(!cells.empty(), "a record has a cell");
    // A lone CR ends a record, but only LF counts as a line.
    CHECK(reader.line() >= line, "lines do not go back");
    CHECK(reader.offset() >= end && reader.offset() < text.size(), "nor do records");
    line = reader.line();
    end = reader.offset() + 1;
    records.push_back(cells);
  }
}

}  // namespace

void Test(std::string_view input) {
  const std::string text(input);
  const char delimiter = GuessCsvDelimiter(input.substr(0, input.find('\n')));
  bool whole = false;
  const Records records = ReadAll(text, delimiter, whole);
  if (!whole) return;

  std::string written(kUtf8Bom);
  for (const auto& record : records) AppendCsvRecord(written, record, delimiter);
  CHECK(ReadAll(written, delimiter, whole) == records && whole, "records survive the round trip");
}

}  // namespace vlmhb::fuzz
