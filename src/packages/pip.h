#pragma once
// The parts of talking to pip that need no pip: arguments, reports, messages. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "packages/lock.h"
#include "registry/entry.h"

namespace vlmhb::packages {

// A source as pip takes it on its command line; `path` is where a local one lies for pip.
std::string Requirement(const registry::PackageSource& source, const std::string& path);

// The packages of `pip install --report`. Those whose URL is a file below one of `local_paths` are
// the local source of that index, named `local_names[index]`.
Result<std::vector<LockedPackage>> PackagesOfReport(const json::value& report,
                                                    const std::vector<std::string>& local_paths,
                                                    const std::vector<std::string>& local_names);

// A requirements file that allows these files only: "name==1.0 --hash=sha256:..." lines.
std::string HashedRequirements(const Lock& lock);

// What of pip's output tells the user why: its ERROR lines, else its end; without secrets.
std::string WhyPipFailed(std::string_view output);

// The users of URLs, and what could be a credential in their queries, become "***", everywhere in
// `text`: "https://user:secret@host/x?token=y" -> "https://***@host/x?token=***".
std::string WithoutCredentials(std::string_view text);

}  // namespace vlmhb::packages
