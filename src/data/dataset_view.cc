#include "data/dataset_view.h"

#include <fmt/format.h>

#include <array>

namespace vlmhb::data {
namespace {

constexpr const char* kRoles[] = {"image",     "question",      "answer",
                                  "doc_class", "question_type", "system"};

template <typename Columns>
auto Fields(Columns& columns) {
  return std::array{&columns.image,     &columns.question,      &columns.answer,
                    &columns.doc_class, &columns.question_type, &columns.system};
}

// Absent and null alike leave `field` as it is.
Result<void> ReadText(const json::object* object, std::string_view key,
                      std::optional<std::string>& field) {
  const json::value* value = object == nullptr ? nullptr : object->if_contains(key);
  if (value == nullptr || value->is_null()) return {};
  VLMHB_ASSIGN(field, GetString(*object, key));
  return {};
}

Result<const json::object*> OptionalObject(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return static_cast<const json::object*>(nullptr);
  if (!value->is_object())
    return Error(ErrorCode::kCorrupt, fmt::format("key '{}' is not an object", key));
  return &value->get_object();
}

Result<DatasetView> Parse(const json::object& object) {
  DatasetView view;
  VLMHB_ASSIGN(view.root, GetString(object, "root"));
  VLMHB_ASSIGN(view.annotation, GetString(object, "annotation"));
  VLMHB_ASSIGN(const json::object* columns, OptionalObject(object, "columns"));
  const auto fields = Fields(view.columns);
  for (size_t i = 0; i < fields.size(); ++i) {
    std::optional<std::string> name;
    VLMHB_TRY(ReadText(columns, kRoles[i], name));
    if (name.has_value()) *fields[i] = *name;
  }
  VLMHB_ASSIGN(const json::object* filter, OptionalObject(object, "filter"));
  VLMHB_TRY(ReadText(filter, "doc_class", view.doc_class));
  VLMHB_TRY(ReadText(filter, "question_type", view.question_type));
  const json::value* limit = object.if_contains("limit");
  if (limit == nullptr || limit->is_null()) return view;
  VLMHB_ASSIGN(const int64_t samples, GetInt(object, "limit"));
  if (samples < 0) return Error(ErrorCode::kCorrupt, "key 'limit' is negative");
  view.limit = static_cast<uint64_t>(samples);
  return view;
}

}  // namespace

Result<DatasetView> ParseDatasetView(const json::object& object) {
  Result<DatasetView> view = Parse(object);
  if (!view.ok()) return std::move(view).error().With("reading the dataset view");
  return view;
}

json::object ToJsonObject(const DatasetView& view) {
  const auto text_or_null = [](const std::optional<std::string>& text) {
    return text.has_value() ? json::value(*text) : json::value(nullptr);
  };
  json::object columns;
  const auto fields = Fields(view.columns);
  for (size_t i = 0; i < fields.size(); ++i) columns[kRoles[i]] = *fields[i];
  return {{"root", view.root.string()},
          {"annotation", view.annotation.string()},
          {"columns", columns},
          {"filter",
           {{"doc_class", text_or_null(view.doc_class)},
            {"question_type", text_or_null(view.question_type)}}},
          {"limit", view.limit.has_value() ? json::value(static_cast<int64_t>(*view.limit))
                                           : json::value(nullptr)}};
}

}  // namespace vlmhb::data
