#pragma once
// What "docker.io/library/debian:12" is made of, by Docker's own rules. Pure.

#include <string>
#include <string_view>

#include "base/result.h"

namespace vlmhb::docker {

struct ImageReference {
  std::string registry;  // "docker.io", "localhost:5000", "[::1]:5000"
  std::string path;      // "library/debian"
  std::string tag;       // "latest" where neither a tag nor a digest is given
  std::string digest;    // "sha256:…"; what counts if it is there

  // A first component with a '.' or ':', or "localhost", is a registry; else it is docker.io, whose
  // official images are below library/. kInvalidConfig for what Docker refuses.
  static Result<ImageReference> Parse(std::string_view text);

  // "docker.io/library/debian".
  std::string Name() const { return registry + "/" + path; }
  // Name() with "@digest" or ":tag".
  std::string ToString() const;
};

// "sha256:" and 64 lower-case hexadecimal digits.
bool IsDigest(std::string_view text);

}  // namespace vlmhb::docker
