#pragma once
// Versions of registry entries, and ranges of them in configs ("anls@>=2,<3"). Pure.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vlmhb::registry {

// "2.10.1" is numbers, compared one by one (2.10 is above 2.9, and 2 is 2.0.0); what follows them
// is a pre-release ("2.0rc1", "2.0-beta" are below 2.0), but for a build ("+cu128"), which is not
// compared. A text without numbers is below all that have them, and compared as text.
class Version {
 public:
  explicit Version(std::string_view text);

  std::strong_ordering operator<=>(const Version& other) const;
  bool operator==(const Version& other) const { return (*this <=> other) == 0; }

 private:
  std::vector<uint64_t> numbers_;  // without zeros at the end
  std::string rest_;
};

// A comma-separated list of conditions, all of which must hold: ==, !=, >=, <=, >, <, and ~=
// (~=2.1: at least 2.1, below 3; ~=2.1.4: below 2.2). A version alone is ==.
class VersionRange {
 public:
  VersionRange() = default;  // any version
  // kInvalidConfig for what is no range.
  static Result<VersionRange> Parse(std::string_view text);

  bool Contains(const Version& version) const;

 private:
  enum class Op { kEqual, kNotEqual, kAtLeast, kAtMost, kAbove, kBelow };
  struct Condition {
    Op op;
    Version version;
  };
  std::vector<Condition> conditions_;
};

// "anls@>=2" -> "anls" and ">=2"; a name without '@' has no range ("").
struct Reference {
  std::string_view name;
  std::string_view range;
};
Reference SplitReference(std::string_view text);

}  // namespace vlmhb::registry
