// annotation.csv itself, ours and the predecessor's: columns of parts of a sample, all others
// fields.

#include <fmt/format.h>

#include <algorithm>

#include "data/annotation_reader.h"
#include "data/import_formats.h"

namespace vlmhb::data {
namespace {

constexpr std::string_view kFileName = "annotation.csv";
constexpr std::string_view kIdColumn = "source_id";

os::Path FileOf(const os::Path& path) {
  std::error_code absent;
  return std::filesystem::is_directory(path, absent) ? path / kFileName : path;
}

class AnnotationSamples final : public SampleReader {
 public:
  AnnotationSamples(AnnotationReader reader, const RoleColumns& roles, std::string id_column,
                    os::Path root)
      : reader_(std::move(reader)), root_(std::move(root)) {
    columns_.system = reader_.FindColumn(roles.system).has_value();
    id_ = reader_.FindColumn(id_column);
    columns_.id = id_.has_value();
    for (size_t i = 0; i < reader_.columns().size(); ++i) {
      const std::string& name = reader_.columns()[i];
      const bool has_role = name.empty() || name == id_column || name == roles.image ||
                            name == roles.question || name == roles.answer ||
                            name == roles.doc_class || name == roles.question_type ||
                            name == roles.system;
      if (has_role) continue;
      places_.push_back(i);
      columns_.fields.push_back(name);
    }
  }

  const SampleColumns& columns() const override { return columns_; }
  const os::Path& root() const override { return root_; }

  Result<bool> Next(SourceRecord& record) override {
    VLMHB_ASSIGN(const bool more, reader_.Next(row_));
    if (!more) return false;
    Clear(record, places_.size());
    record.place = fmt::format("line {}", row_.line);
    record.bad_reason = row_.bad_reason;
    if (!row_.good()) return true;
    ImportedSample& sample = record.sample;
    for (const std::string& image : row_.images) sample.images.emplace_back(image);
    sample.prompt = row_.question;
    sample.reference = row_.answer;
    sample.doc_class = row_.doc_class;
    sample.question_type = row_.question_type;
    sample.system = row_.system;
    if (id_.has_value()) sample.id = row_.cells[*id_];
    for (size_t i = 0; i < places_.size(); ++i) sample.fields[i] = row_.cells[places_[i]];
    return true;
  }

 private:
  AnnotationReader reader_;
  os::Path root_;
  SampleColumns columns_;
  std::vector<size_t> places_;  // of the fields
  std::optional<size_t> id_;
  AnnotationRow row_;
};

}  // namespace

bool IsAnnotation(const os::Path& path) {
  std::error_code absent;
  return std::filesystem::is_regular_file(FileOf(path), absent) &&
         HasExtension(FileOf(path), ".csv");
}

OpenedReader OpenAnnotation(const SourceOptions& options) {
  DatasetView view;
  view.root = ImageRoot(options);
  view.annotation = FileOf(options.path);
  const auto role = [&](const std::string& name, std::string& column) {
    if (const auto named = options.roles.find(name); named != options.roles.end())
      column = named->second;
  };
  std::string id_column(kIdColumn);
  role("image", view.columns.image);
  role("question", view.columns.question);
  role("answer", view.columns.answer);
  role("doc_class", view.columns.doc_class);
  role("question_type", view.columns.question_type);
  role("system", view.columns.system);
  role("id", id_column);
  constexpr Role kRequired[] = {Role::kImage};
  VLMHB_ASSIGN(AnnotationReader reader, AnnotationReader::Open(view, kRequired));
  for (const auto& [name, column] : options.roles)
    if (!reader.FindColumn(column).has_value())
      return Error(ErrorCode::kInvalidConfig, fmt::format("{}: there is no column '{}' ({})",
                                                          view.annotation.string(), column, name));
  return OpenedReader(std::make_unique<AnnotationSamples>(std::move(reader), view.columns,
                                                          std::move(id_column), view.root));
}

}  // namespace vlmhb::data
