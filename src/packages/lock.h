#pragma once
// What a set of packages was resolved to: names, versions, and the hashes of everything that may be
// installed for them. The same lock installs the same bytes, anywhere, for ever. Pure.

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "registry/entry.h"

namespace vlmhb::packages {

struct LockedPackage {
  std::string name;
  std::string version;
  std::vector<std::string> hashes;  // "sha256:..." of its files; empty for git and local ones
  std::string git;                  // URL without credentials; "" otherwise
  std::string commit;               // of git
  std::string local;                // the path that the entry names; "" otherwise
  std::string content_sha256;       // of a local package's folder
  bool editable = false;
};

struct Lock {
  std::string python;                   // "3.11.2"
  std::string platform;                 // "linux_x86_64"
  std::string installer;                // "pip 23.0.1"
  std::vector<LockedPackage> packages;  // by name

  // SHA-256 over everything but `installer`.
  std::string Digest() const;
};

json::object LockToJson(const Lock& lock);
// kCorrupt, saying where, for anything that LockToJson cannot have written.
Result<Lock> LockFromJson(const json::value& value);

// The file that `vlmhb env lock` writes beside a config, for review and for locked runs:
// {"schema":"vlmhb.locks/1","locks":{"<request key>":{"packages":[as asked for],"lock":{...}}}}.
using LockFile = std::map<std::string, Lock>;  // by RequestKey

}  // namespace vlmhb::packages
