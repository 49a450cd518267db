#include "packages/pip_config.h"

#include "base/text.h"

namespace vlmhb::packages {
namespace {

using os::Path;
namespace fs = std::filesystem;

std::string Find(const std::map<std::string, std::string>& settings, const std::string& name) {
  const auto found = settings.find(name);
  return found == settings.end() ? "" : found->second;
}

bool IsFile(const Path& file) {
  std::error_code ignored;
  return fs::is_regular_file(file, ignored);
}

}  // namespace

std::vector<ShownFile> FilesOfPip(const std::map<std::string, std::string>& settings,
                                  const Path& etc) {
  const Path home = Find(settings, "HOME");
  const std::string chosen = Find(settings, "XDG_CONFIG_HOME");
  const Path config = chosen.empty() ? home / ".config" : Path(chosen);
  // pip's own order: what comes later wins. Inside, the first two are made $XDG_CONFIG_DIRS, which
  // pip reads before all else.
  std::vector<ShownFile> files = {
      {etc / "xdg/pip/pip.conf", "pip-xdg.conf", "xdg/pip/pip.conf", ""},
      {etc / "pip.conf", "pip-etc.conf", "etc/pip/pip.conf", ""}};
  if (!home.empty())
    files.push_back({home / ".pip/pip.conf", "pip-home.conf", ".pip/pip.conf", ""});
  if (!home.empty() || !chosen.empty())
    files.push_back({config / "pip/pip.conf", "pip-user.conf", ".config/pip/pip.conf", ""});
  // pip takes this for: no configuration at all.
  if (Find(settings, "PIP_CONFIG_FILE") == "/dev/null") files.clear();
  for (const char* name :
       {"PIP_CONFIG_FILE", "PIP_CERT", "PIP_CLIENT_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"})
    files.push_back({Find(settings, name), Slug("file-" + AsciiLower(name)), "", name});
  std::erase_if(files, [](const ShownFile& shown) { return !IsFile(shown.file); });
  return files;
}

Result<std::map<std::string, std::string>> MakePipHome(
    const Path& home, const std::map<std::string, std::string>& links) {
  if (links.empty()) return std::map<std::string, std::string>();
  for (const auto& [place, file] : links) {
    VLMHB_ASSIGN(const Path link, os::JoinInside(home, place));
    VLMHB_TRY(os::MakeFolders(link.parent_path()));
    std::error_code error;
    fs::create_symlink(file, link, error);
    if (error) return ErrnoError(error.value(), "cannot make " + link.string());
  }
  return std::map<std::string, std::string>{
      {"HOME", home.string()},
      {"XDG_CONFIG_HOME", (home / ".config").string()},
      {"XDG_CONFIG_DIRS", (home / "xdg").string() + ":" + (home / "etc").string()}};
}

}  // namespace vlmhb::packages
