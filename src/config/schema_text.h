#pragma once
// A JSON Schema told to people: which part of it a place in a document is under, and what it wants
// there. Pure.

#include <span>
#include <string>

#include "base/json.h"

namespace vlmhb::config {

// The part of `schema` that `value`, found by `path` from the document's root, must obey: through
// properties, additionalProperties and items, following local references. Of anyOf and oneOf, the
// first branch that admits the type of the value on the way. nullptr if nothing is said about it.
const json::object* FindSubschema(const json::value& schema, const json::value& document,
                                  std::span<const std::string> path);

// "an integer from 1 to 100", "one of 'file', 'data'", "a text or an object"; "" if it says
// nothing.
std::string Describe(const json::value& schema, const json::object& part);

// "the text 'abc'", "5", "a list", "nothing" (null).
std::string DescribeFound(const json::value& value);

}  // namespace vlmhb::config
