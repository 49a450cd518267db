#pragma once
// RUN_MODE=dev: <stem>.dev.yaml beside an entry is laid over it.

#include "base/json.h"
#include "os/file.h"

namespace vlmhb::registry {

// Objects are merged key by key, at any depth; everything else is replaced, and null removes the
// key (as RFC 7396 has it). Pure.
json::value Overlaid(json::value base, const json::value& overlay);

// Whether `file` is an overlay: "<stem>.dev.<yaml|yml|json>".
bool IsOverlayFile(const os::Path& file);

}  // namespace vlmhb::registry
