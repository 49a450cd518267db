#include "report/csv_table.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cmath>

namespace vlmhb::report {

CsvTable::CsvTable(os::Path path, std::unique_ptr<std::ifstream> in)
    : path_(std::move(path)), in_(std::move(in)), reader_(*in_, CsvOptions{}) {}

Result<CsvTable> CsvTable::Open(const os::Path& path) {
  auto in = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*in) return ErrnoError(errno, fmt::format("cannot read {}", path.string()));
  CsvTable table(path, std::move(in));
  VLMHB_ASSIGN(const bool any, table.Next());
  if (!any) return Error(ErrorCode::kCorrupt, fmt::format("{} has no header", path.string()));
  table.header_ = std::move(table.cells_);
  return table;
}

Result<bool> CsvTable::Next() {
  auto next = reader_.Next(cells_);
  if (!next.ok()) return std::move(next).error().With(fmt::format("reading {}", path_.string()));
  return next;
}

std::optional<size_t> CsvTable::Column(std::string_view name) const {
  for (size_t i = 0; i < header_.size(); ++i)
    if (header_[i] == name) return i;
  return std::nullopt;
}

std::optional<size_t> CsvTable::LastColumn(std::string_view name) const {
  for (size_t i = header_.size(); i-- > 0;)
    if (header_[i] == name) return i;
  return std::nullopt;
}

std::string_view CsvTable::Cell(std::optional<size_t> column) const {
  return column && *column < cells_.size() ? std::string_view(cells_[*column]) : std::string_view();
}

std::optional<double> CsvTable::Number(std::optional<size_t> column) const {
  const std::string_view cell = Cell(column);
  double value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::optional<int64_t> CsvTable::Integer(std::optional<size_t> column) const {
  const std::string_view cell = Cell(column);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc() || end != cell.data() + cell.size()) return std::nullopt;
  return value;
}

}  // namespace vlmhb::report
