#pragma once
// What a set of packages was resolved to: names, versions, and the hashes of everything that may be
// installed for them. Nothing in a lock is of one machine (no paths but those that entries name, no
// index, no times): the same lock installs the same bytes wherever its Python is. Pure.

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "packages/interpreter.h"

namespace vlmhb::packages {

struct LockedPackage {
  std::string name;
  std::string version;
  std::vector<std::string> hashes;  // "sha256:..." of its files; empty for git and local ones
  std::string git;                  // URL without credentials; "" otherwise
  std::string commit;               // of git
  std::string local;                // its folder, relative to the entry; "" otherwise
  std::string content_sha256;       // of a local package's folder
  bool editable = false;
};

struct Lock {
  Interpreter python;                   // what it was resolved for
  std::string installer;                // "pip 23.0.1"
  json::array request;                  // what was asked for, as the entry has it
  std::vector<LockedPackage> packages;  // by name

  // SHA-256 over what gets installed: everything but `installer` and `request`.
  std::string Digest() const;
};

// The same on every machine whose Python can use the same lock.
std::string RequestKey(const json::array& request, const Interpreter& python);

json::object LockToJson(const Lock& lock);
// kCorrupt, saying where, for anything that LockToJson cannot have written.
Result<Lock> LockFromJson(const json::value& value);

// What `vlmhb env lock` writes beside a config, for review and for locked runs.
using LockFile = std::vector<Lock>;
json::object LockFileToJson(const LockFile& locks);
Result<LockFile> LockFileFromJson(const json::value& value);

// The lock in `locks` for this request. kInvalidConfig says what does not fit (the Python, a local
// folder's content, all of it) and what to do.
Result<Lock> FindLock(const LockFile& locks, const json::array& request, const Interpreter& python);

// `fresh`, and of `old` what they do not replace: the locks of the same requests for other Pythons.
LockFile MergeLocks(const LockFile& old, LockFile fresh);

}  // namespace vlmhb::packages
