#pragma once
// A software bill of materials of one environment, as CycloneDX 1.6 JSON: what a stage ran with,
// seen from inside. Deterministic: the same inventory gives the same bytes.

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "os/file.h"

namespace vlmhb::packages {

struct Component {
  std::string type;  // "application", "library", "file"
  std::string name;
  std::string version;  // "" if unknown
  std::string purl;     // package URL; "" if there is none
  std::string sha256;   // of the file; "" if it is not one
};

struct Inventory {
  std::string stage;  // whose environment this is: the name of the document's subject
  std::string vlmhb_version;
  std::vector<Component> components;
};

// The installed Debian packages of a dpkg status file.
std::vector<Component> DebianPackages(std::string_view dpkg_status);
// The distributions (*.dist-info) in a layer's virtual environment; none if there is no layer.
std::vector<Component> PythonPackages(const os::Path& layer);
// The layer that a stage's spec runs in, as the stage sees it; "" if there is none.
os::Path LayerOfSpec(const json::object& spec);
// What lies beneath `root` ("/" inside an environment) and in `layer`, sorted, each once.
std::vector<Component> TakeInventory(const os::Path& root, const os::Path& layer);

// Percent-encoded as package URLs want it.
std::string PackageUrl(std::string_view type, std::string_view name, std::string_view version);

json::object MakeSbom(const Inventory& inventory);

}  // namespace vlmhb::packages
