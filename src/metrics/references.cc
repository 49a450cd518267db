#include "metrics/references.h"

#include "base/json.h"

namespace vlmhb::metrics {

std::vector<std::string> References(std::string_view reference) {
  if (reference.starts_with('[')) {
    const auto list = ParseJson(reference);
    if (list.ok() && list->is_array() && !list->get_array().empty()) {
      std::vector<std::string> texts;
      for (const json::value& text : list->get_array())
        if (text.is_string()) texts.emplace_back(text.get_string());
      if (texts.size() == list->get_array().size()) return texts;
    }
  }
  return {std::string(reference)};
}

}  // namespace vlmhb::metrics
