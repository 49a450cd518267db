#include "loading/plugin_import.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "data/sample_writer.h"

namespace vlmhb::loading {
namespace {

using data::ImageFiles;
using data::ImportReport;
using worker::TaskSample;

constexpr size_t kProblemsKept = 20;

// Cells of `sample` by the position of their fields. kInvalidConfig for a field that was not named.
Result<std::vector<std::string>> CellsOf(const TaskSample& sample,
                                         const std::vector<std::string>& fields) {
  std::vector<std::string> cells(fields.size());
  for (const auto& [name, text] : sample.fields) {
    const auto place = std::find(fields.begin(), fields.end(), name);
    if (place == fields.end())
      return Error(
          ErrorCode::kInvalidConfig,
          fmt::format("the field '{}' is not among those that the task names (fields=[{}])",
                      Truncate(SanitizeUtf8(name), 80), Join(fields, ", ")));
    cells[static_cast<size_t>(place - fields.begin())] = text;
  }
  return cells;
}

data::ImportedSample Converted(TaskSample& sample, std::vector<std::string> cells) {
  data::ImportedSample imported{.prompt = std::move(sample.prompt),
                                .system = std::move(sample.system),
                                .reference = std::move(sample.reference),
                                .doc_class = std::move(sample.doc_class),
                                .question_type = std::move(sample.question_type),
                                .fields = std::move(cells)};
  for (worker::TaskImage& image : sample.images) {
    if (image.path.empty())
      imported.images.emplace_back(data::ImageBytes{std::move(image.bytes)});
    else
      imported.images.emplace_back(std::move(image.path));
  }
  return imported;
}

class PluginImport {
 public:
  PluginImport(const PluginImportOptions& options, ImageFiles files)
      : options_(options), files_(files), task_(options.host) {}

  Result<ImportReport> Run(const std::string& source) {
    VLMHB_ASSIGN(const worker::HelloReply hello, task_.Start(source));
    data::SampleColumns columns{.system = true, .fields = task_.fields()};
    VLMHB_ASSIGN(auto writer, data::SampleWriter::Open({.source = options_.root,
                                                        .output = options_.output,
                                                        .files = files_,
                                                        .columns = std::move(columns)}));
    TaskSample sample;
    for (uint64_t position = 0;; ++position) {
      VLMHB_ASSIGN(const bool more, task_.Next(sample));
      if (!more) break;
      VLMHB_ASSIGN(const std::string bad, Add(sample, writer));
      if (!bad.empty()) Note(position, bad);
    }
    task_.Shutdown();
    report_.format = fmt::format("task plug-in {} {}", hello.name, hello.version);
    if (report_.bad > 0 && !options_.skip_bad) return report_;
    VLMHB_ASSIGN(const data::WrittenDataset written, writer.Publish());
    report_.published = true;
    report_.root = written.root;
    report_.annotation = written.annotation;
    report_.samples = written.samples;
    report_.stored_images = written.stored_images;
    report_.columns = writer.columns();
    return report_;
  }

 private:
  // Why the sample cannot be had, or "".
  Result<std::string> Add(TaskSample& sample, data::SampleWriter& writer) const {
    if (!sample.error.empty()) return sample.error;
    Result<std::vector<std::string>> cells = CellsOf(sample, task_.fields());
    if (!cells.ok()) return cells.error().message();
    VLMHB_ASSIGN(const std::optional<std::string> refused,
                 writer.Add(Converted(sample, *std::move(cells))));
    return refused.value_or("");
  }

  void Note(uint64_t position, const std::string& reason) {
    if (report_.bad++ < kProblemsKept)
      report_.problems.push_back({fmt::format("sample {}", position), reason});
  }

  const PluginImportOptions& options_;
  const ImageFiles files_;
  worker::TaskHost task_;
  ImportReport report_;
};

}  // namespace

Result<ImportReport> ImportFromPlugin(const PluginImportOptions& options,
                                      const std::string& source) {
  Result<ImportReport> report = PluginImport(options, ImageFiles::kStay).Run(source);
  // Some of its images are files and some are not: then all are copied.
  if (!report.ok() && report.error().code() == ErrorCode::kUnsupported)
    return PluginImport(options, ImageFiles::kCopy).Run(source);
  return report;
}

}  // namespace vlmhb::loading
