// Members of a JSON object: what a parser takes for an object is read with the same values.

#include "base/json.h"
#include "base/json_members.h"
#include "fuzz.h"

namespace vlmhb::fuzz {

void Test(std::string_view input) {
  JsonMembers members(input);
  JsonMembers::Member member;
  size_t count = 0;
  size_t bytes = 0;
  const Result<json::value> parsed = ParseJson(input);
  const bool is_object = parsed.ok() && parsed->is_object();
  while (members.Next(member)) {
    ++count;
    bytes += member.key.size() + member.value.size();
    if (!is_object) continue;
    const Result<json::value> key = ParseJson("\"" + std::string(member.key) + "\"");
    const Result<json::value> value = ParseJson(member.value);
    CHECK(key.ok() && value.ok(), "the pieces of an object are JSON");
    CHECK(parsed->get_object().contains(key->get_string()), "its keys are the parser's");
  }
  CHECK(bytes <= input.size(), "members do not overlap");
  if (!is_object) return;
  CHECK(members.ok(), "an object is read to its end");
  CHECK(count >= parsed->get_object().size(), "no member is left out");
}

}  // namespace vlmhb::fuzz
