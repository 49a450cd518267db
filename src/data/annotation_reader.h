#pragma once
// Reads annotation.csv sample by sample, as the dataset view selects them. Memory is one row.
// A row that cannot be used is delivered with the reason, so that it costs one sample and not the
// run. Not thread-safe.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/csv.h"
#include "base/result.h"
#include "data/dataset_view.h"

namespace vlmhb::data {

// A part of a sample that a caller cannot do without.
enum class Role { kImage, kQuestion, kAnswer, kDocClass, kQuestionType, kSystem };

struct AnnotationRow {
  uint64_t id = 0;         // 0-based position in the whole file
  uint64_t line = 0;       // 1-based line on which it starts
  std::string bad_reason;  // empty: the row is good; otherwise nothing below is to be relied on
  std::vector<std::string> images;  // relative to the view's root; may be empty, like all of these
  std::string question;
  std::string answer;
  std::string doc_class;
  std::string question_type;
  std::string system;              // system prompt of this sample
  std::vector<std::string> cells;  // by position, as columns()

  bool good() const { return bad_reason.empty(); }
};

class AnnotationReader {
 public:
  // Reads the header. kNotFound if the file does not exist; kInvalidConfig if a column is missing
  // that `required` (or a filter of the view) needs, or if a name occurs twice. The columns of
  // other roles may be missing: those fields are then empty.
  static Result<AnnotationReader> Open(const DatasetView& view, std::span<const Role> required);
  // The same on a seekable stream; view.annotation is for messages only.
  static Result<AnnotationReader> FromStream(std::unique_ptr<std::istream> in,
                                             const DatasetView& view,
                                             std::span<const Role> required);

  // The next selected sample into `row` (whose memory is reused); false at the end. Rows with too
  // few or too many cells are delivered as bad whatever the filters say, since their cells cannot
  // be told apart; a quote that is never closed makes the rest of the file one bad row. An error is
  // one of reading the file.
  Result<bool> Next(AnnotationRow& row);

  const std::vector<std::string>& columns() const { return columns_; }
  std::optional<size_t> FindColumn(std::string_view name) const;

 private:
  AnnotationReader(std::unique_ptr<std::istream> in, const DatasetView& view);
  Result<void> ReadHeader(std::span<const Role> required);
  bool IsRequired(Role role, std::span<const Role> required) const;
  void Judge(AnnotationRow& row) const;
  bool Selected(const AnnotationRow& row) const;

  DatasetView view_;
  std::unique_ptr<std::istream> in_;
  std::unique_ptr<CsvReader> csv_;
  std::vector<std::string> columns_;
  std::vector<std::optional<size_t>> role_columns_;  // by Role
  uint64_t next_id_ = 0;
  uint64_t delivered_ = 0;
  bool ended_ = false;
};

// How many samples the view selects: one pass over the file.
Result<uint64_t> CountSamples(const DatasetView& view);

}  // namespace vlmhb::data
