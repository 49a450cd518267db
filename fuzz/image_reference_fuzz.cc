// Image references, and the credentials of their registry.

#include "docker/image_reference.h"
#include "docker/registry_auth.h"
#include "fuzz.h"

namespace vlmhb::fuzz {

void Test(std::string_view input) {
  const size_t cut = input.find('\n');
  const auto reference = docker::ImageReference::Parse(input.substr(0, cut));
  std::string registry = "docker.io";
  if (reference.ok()) {
    const auto again = docker::ImageReference::Parse(reference->ToString());
    CHECK(again.ok() && again->ToString() == reference->ToString(),
          "what was written can be read, and is the same");
    registry = reference->registry;
  }
  const std::string_view config = cut == input.npos ? input : input.substr(cut + 1);
  (void)docker::FindCredentials(config, registry);
}

}  // namespace vlmhb::fuzz
