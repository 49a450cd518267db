#include "data/annotation_reader.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "base/text.h"
#include "data/image_cell.h"

namespace vlmhb::data {
namespace {

constexpr size_t kMaxRecordBytes = 16u << 20;
constexpr size_t kMaxColumnsShown = 2000;  // bytes of column names in a message
constexpr size_t kRoleCount = 6;

struct RoleOfColumn {
  Role role;
  std::string_view name;
  std::string RoleColumns::*column;
  std::string AnnotationRow::*field;  // nullptr for the images, which are several
};

// Indexed by Role.
constexpr std::array<RoleOfColumn, kRoleCount> kRoles = {{
    {Role::kImage, "image", &RoleColumns::image, nullptr},
    {Role::kQuestion, "question", &RoleColumns::question, &AnnotationRow::question},
    {Role::kAnswer, "answer", &RoleColumns::answer, &AnnotationRow::answer},
    {Role::kDocClass, "doc_class", &RoleColumns::doc_class, &AnnotationRow::doc_class},
    {Role::kQuestionType, "question_type", &RoleColumns::question_type,
     &AnnotationRow::question_type},
    {Role::kSystem, "system", &RoleColumns::system, &AnnotationRow::system},
}};

}  // namespace

AnnotationReader::AnnotationReader(std::unique_ptr<std::istream> in, const DatasetView& view)
    : view_(view), in_(std::move(in)), role_columns_(kRoleCount) {
  CsvOptions options;
  options.delimiter = GuessCsvDelimiter(*in_);
  options.max_record_bytes = kMaxRecordBytes;
  csv_ = std::make_unique<CsvReader>(*in_, options);
}

Result<AnnotationReader> AnnotationReader::Open(const DatasetView& view,
                                                std::span<const Role> required) {
  VLMHB_ASSIGN(const os::Fd readable, os::OpenFile(view.annotation, O_RDONLY));
  return FromStream(std::make_unique<std::ifstream>(view.annotation, std::ios::binary), view,
                    required);
}

Result<AnnotationReader> AnnotationReader::FromStream(std::unique_ptr<std::istream> in,
                                                      const DatasetView& view,
                                                      std::span<const Role> required) {
  AnnotationReader reader(std::move(in), view);
  VLMHB_TRY(reader.ReadHeader(required));
  return reader;
}

bool AnnotationReader::IsRequired(Role role, std::span<const Role> required) const {
  return std::find(required.begin(), required.end(), role) != required.end() ||
         (role == Role::kDocClass && view_.doc_class.has_value()) ||
         (role == Role::kQuestionType && view_.question_type.has_value());
}

Result<void> AnnotationReader::ReadHeader(std::span<const Role> required) {
  const auto wrong = [&](std::string_view why) {
    return Error(ErrorCode::kInvalidConfig, fmt::format("{}: {}", view_.annotation.string(), why));
  };
  const Result<bool> header = csv_->Next(columns_);
  if (!header.ok()) return wrong(header.error().message());
  if (!*header) return wrong("it is empty; a header line with column names is expected");
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (!IsValidUtf8(columns_[i]))
      return wrong("the header line is not UTF-8; save the file as UTF-8");
    if (!columns_[i].empty() &&
        std::find(columns_.begin(), columns_.begin() + static_cast<ptrdiff_t>(i), columns_[i]) !=
            columns_.begin() + static_cast<ptrdiff_t>(i))
      return wrong(fmt::format("column '{}' occurs twice", columns_[i]));
  }
  for (const RoleOfColumn& role : kRoles) {
    const std::string& name = view_.columns.*role.column;
    std::optional<size_t>& place = role_columns_[static_cast<size_t>(role.role)];
    place = FindColumn(name);
    if (!place.has_value() && IsRequired(role.role, required))
      return wrong(fmt::format("there is no column '{}' ({}).{} Its columns are {}.", name,
                               role.name, DidYouMean(name, columns_),
                               Truncate(Join(columns_, ", "), kMaxColumnsShown)));
  }
  return {};
}

std::optional<size_t> AnnotationReader::FindColumn(std::string_view name) const {
  const auto found = std::find(columns_.begin(), columns_.end(), name);
  if (found == columns_.end()) return std::nullopt;
  return static_cast<size_t>(found - columns_.begin());
}

Result<bool> AnnotationReader::Next(AnnotationRow& row) {
  while (!ended_ && (!view_.limit.has_value() || delivered_ < *view_.limit)) {
    const Result<bool> more = csv_->Next(row.cells);
    if (in_->bad())
      return Error(ErrorCode::kIo, fmt::format("cannot read {}", view_.annotation.string()));
    if (more.ok() && !*more) break;
    row.id = next_id_++;
    row.line = csv_->line();
    row.bad_reason.clear();
    row.images.clear();
    for (const RoleOfColumn& role : kRoles)
      if (role.field != nullptr) (row.*role.field).clear();
    if (more.ok()) {
      Judge(row);
    } else {
      ended_ = true;  // nothing after it can be told apart
      row.bad_reason = fmt::format("{}: {}; nothing after it was read",
                                   view_.annotation.filename().string(), more.error().message());
    }
    if (!Selected(row)) continue;
    ++delivered_;
    return true;
  }
  ended_ = true;
  return false;
}

// Fills in the fields and says what is wrong with the row.
void AnnotationReader::Judge(AnnotationRow& row) const {
  const auto bad = [&](const std::string& why) {
    row.bad_reason =
        fmt::format("{}, line {}: {}", view_.annotation.filename().string(), row.line, why);
  };
  if (row.cells.size() != columns_.size())
    return bad(fmt::format("{} cells, but the header has {}; is a quote or a delimiter missing?",
                           row.cells.size(), columns_.size()));
  for (const RoleOfColumn& role : kRoles) {
    const std::optional<size_t> place = role_columns_[static_cast<size_t>(role.role)];
    if (place.has_value() && role.field != nullptr) row.*role.field = row.cells[*place];
  }
  for (size_t i = 0; i < row.cells.size(); ++i)
    if (!IsValidUtf8(row.cells[i]))
      return bad(fmt::format("column {} is not UTF-8; save the file as UTF-8", columns_[i]));
  const std::optional<size_t> image = role_columns_[static_cast<size_t>(Role::kImage)];
  if (image.has_value()) row.images = ParseImageCell(row.cells[*image]);
  if (row.images.size() > kMaxImages)
    return bad(fmt::format("{} images; a sample has at most {}", row.images.size(), kMaxImages));
}

bool AnnotationReader::Selected(const AnnotationRow& row) const {
  if (row.cells.size() != columns_.size() || ended_) return true;
  return (!view_.doc_class.has_value() || row.doc_class == *view_.doc_class) &&
         (!view_.question_type.has_value() || row.question_type == *view_.question_type);
}

Result<uint64_t> CountSamples(const DatasetView& view) {
  VLMHB_ASSIGN(AnnotationReader reader, AnnotationReader::Open(view, {}));
  AnnotationRow row;
  for (uint64_t count = 0;; ++count) {
    VLMHB_ASSIGN(const bool more, reader.Next(row));
    if (!more) return count;
  }
}

}  // namespace vlmhb::data
