// Python literals in cells of the predecessor's CSV.

#include "config/python_literal.h"
#include "fuzz.h"

namespace vlmhb::fuzz {

void Test(std::string_view input) {
  const auto value = config::ParsePythonLiteral(input);
  if (!value.ok()) {
    CHECK(value.error().code() == ErrorCode::kInvalidConfig, "the one code of this parser");
    CHECK(!value.error().message().empty(), "it says why");
    return;
  }
  (void)ToJson(*value);
}

}  // namespace vlmhb::fuzz
