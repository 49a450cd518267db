// What cells and images of datasets are looked at with: lists of texts, JSON by extents, image
// structure, scripts.

#include "base/text.h"
#include "data/image_cell.h"
#include "data/image_kind.h"
#include "data/json_items.h"
#include "data/scripts.h"
#include "data/text_list.h"
#include "fuzz.h"

namespace vlmhb::fuzz {

void Test(std::string_view input) {
  const std::vector<std::string> images = data::ParseImageCell(input);
  CHECK(data::ParseImageCell(data::ImageCell(images)) == images || !IsValidUtf8(input),
        "an image cell is read as it was written");
  data::ParseTextList(input);
  const data::ImageFacts facts = data::LookAt(input);
  CHECK(facts.width >= 0 && facts.height >= 0, "a size is not negative");
  CHECK(data::ScriptsOf(input) >> data::ScriptNames().size() == 0, "a script has a name");
  auto items = data::JsonItems::Open(input);
  data::JsonItem item;
  for (size_t before = 0; items.ok(); before = items->offset()) {
    const auto more = items->Next(item);
    if (!more.ok() || !*more) return;
    CHECK(!item.value.empty() && items->offset() > before, "each item takes some of the text");
  }
}

}  // namespace vlmhb::fuzz
