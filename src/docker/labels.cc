#include "docker/labels.h"

#include <charconv>

#include "os/system.h"

namespace vlmhb::docker {

std::string LabelIn(const Labels& labels, const char* name) {
  const auto found = labels.find(name);
  return found == labels.end() ? "" : found->second;
}

int64_t NumberIn(const Labels& labels, const char* name) {
  const std::string text = LabelIn(labels, name);
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

env::Leftover LeftoverOf(std::string kind, std::string name, std::string state,
                         std::string created_at, const Labels& labels) {
  return {.kind = std::move(kind),
          .name = std::move(name),
          .id = LabelIn(labels, kLabelEnv),
          .identity = LabelIn(labels, kLabelIdentity),
          .workspace = LabelIn(labels, kLabelWorkspace),
          .state = std::move(state),
          .created_at = std::move(created_at),
          .owner_alive = !os::IsOrphanName(LabelIn(labels, kLabelOwner))};
}

}  // namespace vlmhb::docker
