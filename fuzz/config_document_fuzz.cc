// JSON and YAML configs, up to the experiment or its problems.

#include "config_fuzz.h"
#include "fuzz.h"

namespace vlmhb::fuzz {

void Test(std::string_view input) {
  TestConfig(input, "/fuzz/experiment.json");
  TestConfig(input, "/fuzz/experiment.yaml");
}

}  // namespace vlmhb::fuzz
