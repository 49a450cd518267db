// A lock file with anything in it is refused, or says the same after it was written and read again,
// and nothing of it can become an option or another line for pip.

#include "base/text.h"
#include "fuzz.h"
#include "packages/lock.h"
#include "packages/pip.h"
#include "registry/package_source.h"

namespace vlmhb::fuzz {
namespace {

void TestRequirements(const packages::Lock& lock) {
  const std::string requirements = packages::HashedRequirements(lock);
  for (const std::string_view line : Split(requirements, '\n')) {
    if (line.empty()) continue;
    CHECK(line[0] != '-' && line.find("==") != line.npos, "a line is a name and a version");
    for (const std::string_view word : Split(line, ' '))
      CHECK(word.data() == line.data() || word.starts_with("--hash=sha256:"),
            "hashes are the only options");
  }
  for (const packages::LockedPackage& package : lock.packages)
    CHECK(package.git.empty() || (package.git[0] != '-' && package.commit[0] != '-' &&
                                  !registry::HoldsCredentials(package.git)),
          "a git package is a URL without secrets, and a commit");
}

}  // namespace

void Test(std::string_view input) {
  const auto value = ParseJson(input);
  if (!value.ok()) return;
  const auto locks = packages::LockFileFromJson(*value);
  if (!locks.ok()) return;
  const json::object written = packages::LockFileToJson(*locks);
  const auto again = packages::LockFileFromJson(written);
  CHECK(again.ok() && packages::LockFileToJson(*again) == written, "it survives being written");
  for (const packages::Lock& lock : *locks) {
    TestRequirements(lock);
    const auto found = packages::FindLock(*locks, lock.request, lock.python);
    CHECK(found.ok(), "what is there is found");
  }
  CHECK(packages::MergeLocks(*locks, *locks).size() == locks->size(), "its own locks replace it");
}

}  // namespace vlmhb::fuzz
