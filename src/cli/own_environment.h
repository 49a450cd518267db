#pragma once
// The environment variables of this process. Inside a sandbox they are only those that its spec
// named.

#include <map>
#include <string>

namespace vlmhb::cli {

std::map<std::string, std::string> OwnEnvironment();

}  // namespace vlmhb::cli
