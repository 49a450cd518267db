#pragma once
// How samples are put into groups: all together, or by the values of annotation columns.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "data/annotation_reader.h"

namespace vlmhb::evaluate {

// What happened to the samples of one group.
struct GroupCounts {
  struct OfMetric {
    uint64_t scored = 0;
    uint64_t unscorable = 0;
  };
  uint64_t expected = 0;
  uint64_t failed = 0;
  uint64_t missing = 0;
  std::vector<OfMetric> metrics;
};

struct Group {
  std::vector<std::string> key;  // a value per column
  GroupCounts counts;
};

// One way of grouping and the groups met so far. Not thread-safe.
class Grouping {
 public:
  // So many groups are a mistake in the config, and memory grows with them.
  static constexpr size_t kMaxGroups = 10'000;
  static constexpr size_t kMaxKeyBytes = 4096;

  // `positions`: of the columns in a row's cells. No columns: every sample is in the one group.
  Grouping(std::string name, std::vector<std::string> columns, std::vector<size_t> positions,
           size_t metrics);

  const std::string& name() const { return name_; }  // "general", "by_doc_type", "by_<column>"
  const std::vector<std::string>& columns() const { return columns_; }
  std::vector<Group>& groups() { return groups_; }
  const std::vector<Group>& groups() const { return groups_; }

  // The index of the row's group, made if it is new. kInvalidConfig, naming the column, if there
  // are too many groups or the key is too long to be one.
  Result<size_t> GroupOf(std::span<const std::string> cells);

 private:
  std::string name_;
  std::vector<std::string> columns_;
  std::vector<size_t> positions_;
  size_t metrics_;
  std::vector<Group> groups_;
  std::unordered_map<std::string, size_t> index_;
  std::string lookup_;  // the key as one text, reused
};

// `general` first, always; then those that `group_by` asks for, in its order, each once. `by_id` is
// no grouping of this kind. `by_doc_type` and `by_doc_question` where the annotation has no such
// column are left out, and their names are appended to `left_out`. kInvalidConfig, with a
// did-you-mean, for a name that is no column.
Result<std::vector<Grouping>> MakeGroupings(std::span<const std::string> group_by,
                                            const data::AnnotationReader& annotation,
                                            const data::RoleColumns& roles, size_t metrics,
                                            std::vector<std::string>& left_out);

}  // namespace vlmhb::evaluate
