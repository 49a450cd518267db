#pragma once
// Which names a prompt may have in {{ }}: the fields of a sample, as an annotation's header has
// them. Immutable, so thread-safe.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/dataset_view.h"

namespace vlmhb::data {

class SampleFields {
 public:
  // `columns`: the header of the annotation.
  SampleFields(std::vector<std::string> columns, RoleColumns roles)
      : columns_(std::move(columns)), roles_(std::move(roles)) {}

  // The position of a field among the cells of a row. question, doc_class and question_type are
  // those parts whatever their columns are called; any other name is that of a column.
  // kInvalidConfig with what is close to it if there is none, and for the reference answer, which
  // no model may see.
  Result<size_t> Find(std::string_view name) const;

 private:
  std::string ColumnOf(std::string_view name) const;

  std::vector<std::string> columns_;
  RoleColumns roles_;
};

}  // namespace vlmhb::data
