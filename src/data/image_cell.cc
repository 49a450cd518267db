#include "data/image_cell.h"

#include <algorithm>

#include "base/json.h"

namespace vlmhb::data {

std::vector<std::string> ParseImageCell(std::string_view cell) {
  if (cell.empty()) return {};
  if (cell.front() == '[') {
    const Result<json::value> list = ParseJson(cell);
    const json::array* items = list.ok() ? list->if_array() : nullptr;
    if (items != nullptr && std::all_of(items->begin(), items->end(),
                                        [](const json::value& item) { return item.is_string(); })) {
      std::vector<std::string> images;
      for (const json::value& item : *items) images.emplace_back(item.get_string());
      return images;
    }
  }
  return {std::string(cell)};
}

std::string ImageCell(const std::vector<std::string>& images) {
  if (images.empty()) return "";
  if (images.size() == 1 && !images[0].empty() && images[0][0] != '[') return images[0];
  json::array list;
  for (const std::string& image : images) list.emplace_back(image);
  return ToJson(list);
}

}  // namespace vlmhb::data
