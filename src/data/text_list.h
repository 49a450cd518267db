#pragma once
// Lists of texts as people put them into a cell.

#include <string>
#include <string_view>
#include <vector>

namespace vlmhb::data {

// ["a","b"] as JSON, or ['a', 'b'] as Python writes it. Any other text is a list of itself; an
// empty one is an empty list.
std::vector<std::string> ParseTextList(std::string_view text);

}  // namespace vlmhb::data
