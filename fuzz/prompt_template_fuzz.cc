// Templates of prompts: what is read is rendered, and what is filled in is not looked at.

#include "data/template.h"
#include "fuzz.h"

namespace vlmhb::fuzz {

void Test(std::string_view input) {
  auto parsed = data::Template::Parse(input);
  if (!parsed.ok()) {
    CHECK(input.find('{') != input.npos, "text without a brace is a template");
    return;
  }
  const size_t names = parsed->names().size();
  size_t places = 0;
  CHECK(parsed
            ->Bind([&](std::string_view name) -> Result<size_t> {
              CHECK(!name.empty() && name.find("}}") == name.npos, "a name is one");
              return places++;
            })
            .ok(),
        "every name has a place");
  CHECK(places == names, "each name is looked up once");
  const auto bare = parsed->Render(std::vector<std::string>(names));
  const std::string cell = "{{ x }}{% y";
  const auto filled = parsed->Render(std::vector<std::string>(names, cell));
  if (!bare.ok() || !filled.ok()) return;  // too long
  CHECK(filled->size() == bare->size() + names * cell.size(), "cells stay as they are");
  CHECK(input.find('{') != input.npos || *bare == input, "plain text stays as it is");
}

}  // namespace vlmhb::fuzz
