#pragma once
// The image cell of annotation.csv: one path, or a JSON list of paths for a sample of several
// images.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vlmhb::data {

// A sample has at most so many images.
inline constexpr size_t kMaxImages = 256;

// A cell is a list only if it begins with '[' and is a JSON list of texts; any other cell is one
// path, and an empty one is none.
std::vector<std::string> ParseImageCell(std::string_view cell);
// The cell that ParseImageCell reads as `images`.
std::string ImageCell(const std::vector<std::string>& images);

}  // namespace vlmhb::data
