#include "evaluate/grouping.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace vlmhb::evaluate {

Grouping::Grouping(std::string name, std::vector<std::string> columns,
                   std::vector<size_t> positions, size_t metrics)
    : name_(std::move(name)),
      columns_(std::move(columns)),
      positions_(std::move(positions)),
      metrics_(metrics) {
  // The one group of `general` exists even if there are no samples.
  if (columns_.empty()) groups_.emplace_back().counts.metrics.resize(metrics_);
}

Result<size_t> Grouping::GroupOf(std::span<const std::string> cells) {
  if (columns_.empty()) return size_t{0};
  lookup_.clear();
  for (const size_t position : positions_) {
    fmt::format_to(std::back_inserter(lookup_), "{}:", cells[position].size());
    lookup_ += cells[position];
  }
  const auto found = index_.find(lookup_);
  if (found != index_.end()) return found->second;
  const auto useless = [this](std::string_view why) {
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("cannot group by column {}: {}. Take it out of group_by",
                             Join(columns_, " and "), why));
  };
  if (lookup_.size() > kMaxKeyBytes) {
    return useless(fmt::format("a value of {} bytes is no group name", lookup_.size()));
  }
  if (groups_.size() == kMaxGroups) {
    return useless(fmt::format("it has more than {} different values", kMaxGroups));
  }
  index_.emplace(lookup_, groups_.size());
  Group& group = groups_.emplace_back();
  for (const size_t position : positions_) group.key.push_back(cells[position]);
  group.counts.metrics.resize(metrics_);
  return groups_.size() - 1;
}

namespace {

struct Wanted {
  std::string name;
  std::vector<std::string> columns;
  bool optional;  // left out where the columns are not there
};

Wanted Resolve(const std::string& name, const data::AnnotationReader& annotation,
               const data::RoleColumns& roles) {
  if (name == "by_doc_type") return {name, {roles.doc_class}, true};
  if (name == "by_doc_question") return {name, {roles.doc_class, roles.question_type}, true};
  const bool prefixed = name.starts_with("by_") && !annotation.FindColumn(name);
  const std::string column = prefixed ? name.substr(3) : name;
  return {"by_" + column, {column}, false};
}

}  // namespace

Result<std::vector<Grouping>> MakeGroupings(std::span<const std::string> group_by,
                                            const data::AnnotationReader& annotation,
                                            const data::RoleColumns& roles, size_t metrics,
                                            std::vector<std::string>& left_out) {
  std::vector<Grouping> groupings;
  groupings.emplace_back("general", std::vector<std::string>{}, std::vector<size_t>{}, metrics);
  for (const std::string& name : group_by) {
    if (name == "general" || name == "by_id") continue;
    Wanted wanted = Resolve(name, annotation, roles);
    std::vector<size_t> positions;
    for (const std::string& column : wanted.columns) {
      const std::optional<size_t> position = annotation.FindColumn(column);
      if (position) positions.push_back(*position);
      if (position || wanted.optional) continue;
      return Error(ErrorCode::kInvalidConfig,
                   fmt::format("group_by: the annotation has no column {}.{} Its columns are {}.",
                               column, DidYouMean(column, annotation.columns()),
                               Truncate(Join(annotation.columns(), ", "), 1000)));
    }
    if (positions.size() != wanted.columns.size()) {
      left_out.push_back(name);
      continue;
    }
    // Names become file names, so that two that differ in nothing else are one.
    const bool taken = std::any_of(groupings.begin(), groupings.end(), [&](const Grouping& other) {
      return Slug(other.name()) == Slug(wanted.name);
    });
    if (taken || wanted.name == "by_id") {
      return Error(ErrorCode::kInvalidConfig,
                   fmt::format("group_by: {} would be written to the same file as another grouping "
                               "(metrics_{}.csv). Take one of them out",
                               name, Slug(wanted.name)));
    }
    groupings.emplace_back(std::move(wanted.name), std::move(wanted.columns), std::move(positions),
                           metrics);
  }
  return groupings;
}

}  // namespace vlmhb::evaluate
