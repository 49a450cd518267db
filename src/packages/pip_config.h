#pragma once
// What pip is configured by on this machine, and how an installer elsewhere gets the same:
// variables are passed on, the files that they name and pip's configuration files are shown
// read-only. Indexes and credentials may be in all of these, so none of it is ever an argument or
// written anywhere.

#include <map>
#include <string>
#include <vector>

#include "os/file.h"

namespace vlmhb::packages {

struct ShownFile {
  os::Path file;         // of this machine
  std::string name;      // of its mount, a slug
  std::string place;     // a configuration file: its path in the installer's home folder
  std::string variable;  // a file that a variable names: that variable
};

// The files that are there, of: pip's configuration ($XDG_CONFIG_DIRS is not asked), where HOME and
// XDG_CONFIG_HOME are in `settings`; and what PIP_CONFIG_FILE, PIP_CERT, PIP_CLIENT_CERT,
// SSL_CERT_FILE and REQUESTS_CA_BUNDLE name. `etc` is /etc, but for tests.
std::vector<ShownFile> FilesOfPip(const std::map<std::string, std::string>& settings,
                                  const os::Path& etc = "/etc");

// Makes `home` a home folder where pip finds configuration files: `links` are place -> file as the
// installer sees it. Returns the variables that lead pip there.
Result<std::map<std::string, std::string>> MakePipHome(
    const os::Path& home, const std::map<std::string, std::string>& links);

}  // namespace vlmhb::packages
