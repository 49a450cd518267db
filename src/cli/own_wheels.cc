#include "cli/own_wheels.h"

#include <span>

#include "base/embedded.h"
#include "base/hash.h"

namespace vlmhb::embedded {
std::span<const File> PythonPackage();
}

namespace vlmhb::cli {

Result<os::Path> OwnWheels(const orchestrator::Workspace& workspace) {
  const embedded::File& wheel = embedded::PythonPackage().front();
  const os::Path folder =
      workspace.root() / "cache" / "python" / Sha256Hex(wheel.content).substr(0, 16);
  std::error_code ignored;
  if (std::filesystem::exists(folder / wheel.name, ignored)) return folder;
  VLMHB_TRY(os::MakeFolders(folder));
  VLMHB_TRY(os::WriteFileAtomic(folder / wheel.name, wheel.content));
  return folder;
}

}  // namespace vlmhb::cli
