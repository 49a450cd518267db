#pragma once
// The names in folders, in an order that does not depend on the file system.

#include <string>
#include <vector>

#include "base/result.h"
#include "os/file.h"

namespace vlmhb::data {

// Whether numbers in names count as numbers: page2 before page10. A total order.
bool NaturalLess(const std::string& a, const std::string& b);

// Paths of images below `root`, relative to it, sorted; folders that are links are not entered.
// kUnsupported for more than ten million of them.
Result<std::vector<std::string>> ListImages(const os::Path& root);

// Names of the folders (or images) in `folder`, in natural order; empty if there is no such folder.
std::vector<std::string> FoldersIn(const os::Path& folder);
std::vector<std::string> ImagesIn(const os::Path& folder);

}  // namespace vlmhb::data
