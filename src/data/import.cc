#include "data/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "data/content_hash.h"
#include "data/import_formats.h"

namespace vlmhb::data {
namespace {

constexpr size_t kMaxProblems = 20;
constexpr size_t kMaxReasonBytes = 1000;
constexpr std::string_view kSplitField = "split";

constexpr std::array kFormats = {
    Format{"annotation", "annotation.csv: the canonical form, and the predecessor's", IsAnnotation,
           true, OpenAnnotation},
    Format{"jsonl", "one JSON object a line; images as paths, data URIs or base64", IsJsonLines,
           true, OpenJsonLines},
    Format{"vlmevalkit", "VLMEvalKit's TSV; images as base64 or paths, options A to Z", IsTsv, true,
           OpenTsv},
    Format{"coco", "COCO's JSON: instances (labelled boxes) or captions", IsCoco, false, OpenCoco},
    Format{"docvqa", "DocVQA's JSON: questions with several accepted answers", IsDocVqa, false,
           OpenDocVqa},
    Format{"pages", "the predecessor's documents of pages: images/<n>/*, jsons/<n>.json",
           IsPageFolder, false, OpenPageFolder},
    Format{"documents", "the predecessor's fields: images/<subset>/*, jsons/<stem>.json",
           IsDocumentFolder, false, OpenDocumentFolder},
    Format{"text", "a folder of images, each with its text beside it in <stem>.txt", IsTextFolder,
           false, OpenTextFolder},
    Format{"classes", "images in folders whose names are their classes", IsClassFolder, false,
           OpenClassFolder},
};

std::string FormatNames() {
  std::vector<std::string> names;
  for (const Format& format : kFormats) names.emplace_back(format.name);
  return Join(names, ", ");
}

Result<const Format*> ChooseFormat(std::string_view name, const os::Path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    return Error(ErrorCode::kNotFound, fmt::format("there is no {}", path.string()));
  if (const Format* format = name.empty() ? DetectFormat(path) : FindFormat(name)) return format;
  if (name.empty())
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("{} looks like none of the known formats; name one of {}",
                             path.string(), FormatNames()));
  std::vector<std::string> names;
  for (const Format& format : kFormats) names.emplace_back(format.name);
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("there is no dataset format '{}'.{} Known: {}", name,
                           DidYouMean(name, names), FormatNames()));
}

Result<void> CheckRoles(const Format& format, const SourceOptions& options) {
  for (const auto& [role, key] : options.roles) {
    if (!format.has_roles)
      return Error(
          ErrorCode::kInvalidConfig,
          fmt::format("format '{}' has names of its own; no role can be mapped", format.name));
    if (std::find(std::begin(kSourceRoles), std::end(kSourceRoles), role) == std::end(kSourceRoles))
      return Error(ErrorCode::kInvalidConfig,
                   fmt::format("there is no role '{}'; roles are image, question, answer, "
                               "doc_class, question_type, system, id",
                               role));
  }
  return {};
}

// One pass over the source.
class Importer {
 public:
  Importer(const ImportOptions& options, ImageFiles files) : options_(options), files_(files) {}

  Result<ImportReport> Run() {
    VLMHB_ASSIGN(const OpenedSource source, OpenSource(options_.format, options_.source));
    report_.format = source.format->name;
    const SampleColumns& columns = source.reader->columns();
    VLMHB_TRY(FindSplit(columns));
    VLMHB_ASSIGN(SampleWriter writer, SampleWriter::Open({.source = source.reader->root(),
                                                          .output = options_.output,
                                                          .files = files_,
                                                          .columns = columns}));
    VLMHB_TRY(Copy(*source.reader, writer));
    report_.columns = writer.columns();
    if (report_.bad > 0 && !options_.skip_bad) return report_;
    if (report_.samples == 0 && report_.left_out > 0)
      return Error(ErrorCode::kInvalidConfig,
                   fmt::format("no sample of {} is of split '{}'", options_.source.path.string(),
                               *options_.split));
    return Publish(writer);
  }

 private:
  Result<void> FindSplit(const SampleColumns& columns) {
    if (!options_.split.has_value()) return {};
    const auto found = std::find(columns.fields.begin(), columns.fields.end(), kSplitField);
    if (found == columns.fields.end())
      return Error(ErrorCode::kInvalidConfig,
                   fmt::format("split '{}' is wanted, but {} has no field '{}'", *options_.split,
                               options_.source.path.string(), kSplitField));
    split_ = static_cast<size_t>(found - columns.fields.begin());
    return {};
  }

  Result<void> Copy(SampleReader& reader, SampleWriter& writer) {
    SourceRecord record;
    while (true) {
      VLMHB_ASSIGN(const bool more, reader.Next(record));
      if (!more) return {};
      if (!record.bad_reason.empty()) {
        AddProblem(record.place, record.bad_reason);
        continue;
      }
      if (split_.has_value() && record.sample.fields.at(*split_) != *options_.split) {
        ++report_.left_out;
        continue;
      }
      VLMHB_ASSIGN(const std::optional<std::string> refusal, writer.Add(record.sample));
      if (refusal.has_value()) {
        AddProblem(record.place, *refusal);
      } else {
        ++report_.samples;
      }
    }
  }

  void AddProblem(const std::string& place, std::string_view reason) {
    ++report_.bad;
    if (report_.problems.size() < kMaxProblems)
      report_.problems.push_back({place, Truncate(SanitizeUtf8(reason), kMaxReasonBytes)});
  }

  Result<ImportReport> Publish(SampleWriter& writer) {
    VLMHB_ASSIGN(const WrittenDataset written, writer.Publish());
    report_.root = written.root;
    report_.annotation = written.annotation;
    report_.stored_images = written.stored_images;
    report_.published = true;
    VLMHB_ASSIGN(report_.content_digest, DigestOfContent(report_.View()));
    return std::move(report_);
  }

  const ImportOptions& options_;
  const ImageFiles files_;
  std::optional<size_t> split_;
  ImportReport report_;
};

}  // namespace

std::span<const Format> Formats() { return kFormats; }

const Format* FindFormat(std::string_view name) {
  const auto found = std::find_if(kFormats.begin(), kFormats.end(),
                                  [&](const Format& format) { return format.name == name; });
  return found == kFormats.end() ? nullptr : &*found;
}

const Format* DetectFormat(const os::Path& path) {
  const auto found = std::find_if(kFormats.begin(), kFormats.end(),
                                  [&](const Format& format) { return format.detect(path); });
  return found == kFormats.end() ? nullptr : &*found;
}

Result<OpenedSource> OpenSource(std::string_view format, const SourceOptions& options) {
  OpenedSource source;
  VLMHB_ASSIGN(source.format, ChooseFormat(format, options.path));
  VLMHB_TRY(CheckRoles(*source.format, options));
  VLMHB_ASSIGN(source.reader, source.format->open(options));
  return source;
}

DatasetView ImportReport::View() const {
  DatasetView view;
  view.root = root;
  view.annotation = annotation;
  return view;
}

json::object ToJsonObject(const ImportReport& report) {
  json::array columns;
  for (const std::string& column : report.columns) columns.emplace_back(column);
  json::array problems;
  for (const ImportProblem& problem : report.problems)
    problems.push_back(json::object{{"place", problem.place}, {"reason", problem.reason}});
  return {{"schema", "vlmhb.import/1"},
          {"format", report.format},
          {"published", report.published},
          {"root", report.root.string()},
          {"annotation", report.annotation.string()},
          {"columns", std::move(columns)},
          {"samples", report.samples},
          {"stored_images", report.stored_images},
          {"left_out", report.left_out},
          {"bad", report.bad},
          {"problems", std::move(problems)},
          {"content_digest", report.content_digest}};
}

Result<ImportReport> Import(const ImportOptions& options) {
  Result<ImportReport> report = Importer(options, options.files).Run();
  const bool is_mixed = !report.ok() && report.error().code() == ErrorCode::kUnsupported &&
                        options.files == ImageFiles::kStay;
  return is_mixed ? Importer(options, ImageFiles::kCopy).Run() : std::move(report);
}

}  // namespace vlmhb::data
