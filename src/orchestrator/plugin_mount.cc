#include "orchestrator/plugin_mount.h"

namespace vlmhb::orchestrator {
namespace {

using os::Path;

// The plug-in's folder is shown, so that it finds what lies beside it; a program below /usr is
// there anyway.
Result<json::array> MountProgram(const MountReadOnly& mount,
                                 const std::vector<std::string>& command,
                                 const std::string& suffix) {
  const Path program(command.at(0));
  json::array argv;
  if (program.string().rfind("/usr/", 0) == 0) {
    argv.emplace_back(program.string());
  } else {
    VLMHB_ASSIGN(const std::string folder, mount(program.parent_path(), "plugin" + suffix));
    argv.emplace_back(folder + "/" + program.filename().string());
  }
  for (size_t i = 1; i < command.size(); ++i) argv.emplace_back(command[i]);
  return argv;
}

// The interpreter of the layer, and what it runs: a module of the layer, or a script whose folder
// is shown.
Result<json::array> MountPython(const MountReadOnly& mount, const packages::Layer& layer,
                                const std::vector<std::string>& command,
                                const std::string& suffix) {
  VLMHB_ASSIGN(const std::string folder, mount(layer.folder, "layer" + suffix));
  for (const auto& [name, source] : layer.sources) VLMHB_TRY(mount(source, name));
  json::array argv{folder + "/venv/bin/python"};
  size_t next = 1;
  if (command.size() > 1 && command[1] != "-m") {
    const Path script(command[1]);
    VLMHB_ASSIGN(const std::string beside, mount(script.parent_path(), "plugin" + suffix));
    argv.emplace_back(beside + "/" + script.filename().string());
    next = 2;
  }
  for (size_t i = next; i < command.size(); ++i) argv.emplace_back(command[i]);
  return argv;
}

}  // namespace

Result<json::array> MountPlugin(const MountReadOnly& mount, const std::vector<std::string>& command,
                                const packages::Layer* layer, const std::string& suffix) {
  if (command.at(0) != "python") return MountProgram(mount, command, suffix);
  if (layer == nullptr)
    return Error(ErrorCode::kInternal, "a Python plug-in without a layer of packages");
  return MountPython(mount, *layer, command, suffix);
}

}  // namespace vlmhb::orchestrator
