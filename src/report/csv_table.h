#pragma once
// A CSV file of ours, row by row, its cells looked up by column name. Memory is one row. Not
// thread-safe.

#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/csv.h"
#include "base/result.h"
#include "os/file.h"

namespace vlmhb::report {

class CsvTable {
 public:
  // kNotFound or kIo if the file cannot be opened, kCorrupt if it has no header.
  static Result<CsvTable> Open(const os::Path& path);

  // Moves to the next row; false at the end. kCorrupt names the file and the line.
  Result<bool> Next();

  // Position of the first (or last) column of that name; nullopt if there is none.
  std::optional<size_t> Column(std::string_view name) const;
  std::optional<size_t> LastColumn(std::string_view name) const;
  bool Has(std::string_view name) const { return Column(name).has_value(); }

  // A cell of the current row; "" when the column or the cell is not there.
  std::string_view Cell(std::optional<size_t> column) const;
  // The cell as a finite number; nullopt when it is empty or not one.
  std::optional<double> Number(std::optional<size_t> column) const;
  std::optional<int64_t> Integer(std::optional<size_t> column) const;

 private:
  CsvTable(os::Path path, std::unique_ptr<std::ifstream> in);

  os::Path path_;
  std::unique_ptr<std::ifstream> in_;
  CsvReader reader_;
  std::vector<std::string> header_;
  std::vector<std::string> cells_;
};

}  // namespace vlmhb::report
