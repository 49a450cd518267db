#pragma once
// Datasets of other formats, imported once into the form that stages read: an annotation.csv
// (docs/formats/dataset.md). Thread-safe as long as no two imports share an output.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "data/dataset_view.h"
#include "data/sample_reader.h"

namespace vlmhb::data {

struct Format {
  std::string_view name;         // "vlmevalkit"
  std::string_view description;  // one line, for listings
  // Whether `path` looks like it; cheap, never an error. Formats do not overlap, in the table's
  // order: the first that says yes is it.
  bool (*detect)(const os::Path& path);
  // Whether SourceOptions::roles means anything to it.
  bool has_roles;
  // kInvalidConfig if it is not of this format, with what is missing; else errors of reading.
  Result<std::unique_ptr<SampleReader>> (*open)(const SourceOptions& options);
};

// All of them. The first, "annotation", is the canonical form itself (and the predecessor's): what
// DetectFormat says "annotation" of, and has no `roles` to rename, needs no import.
std::span<const Format> Formats();
// nullptr if there is none.
const Format* FindFormat(std::string_view name);
// nullptr if it looks like none of them.
const Format* DetectFormat(const os::Path& path);

// Opens `options.path` as `format` (empty: detected). kNotFound: there is no such file or folder;
// kInvalidConfig: an unknown format or role, or none was detected.
struct OpenedSource {
  const Format* format = nullptr;
  std::unique_ptr<SampleReader> reader;
};
Result<OpenedSource> OpenSource(std::string_view format, const SourceOptions& options);

struct ImportOptions {
  SourceOptions source;
  std::string format;  // empty: detected
  os::Path output;     // a folder, created if missing: annotation.csv and images/
  ImageFiles files = ImageFiles::kStay;
  std::optional<std::string> split;  // only samples whose field "split" is this
  bool skip_bad = false;             // false: with any bad record nothing is published
};

struct ImportProblem {
  std::string place;  // "line 12"
  std::string reason;
};

struct ImportReport {
  std::string format;
  bool published = false;  // false: there were bad records, and `skip_bad` is false
  os::Path root;           // images are relative to it: the source's root, or the output
  os::Path annotation;     // output / "annotation.csv"
  std::vector<std::string> columns;
  uint64_t samples = 0;        // written
  uint64_t stored_images = 0;  // files below output / "images"
  uint64_t left_out = 0;       // of another split
  uint64_t bad = 0;
  std::vector<ImportProblem> problems;  // the first 20 of them
  std::string content_digest;           // as ContentDigest of View(); empty if not published

  // All samples of it.
  DatasetView View() const;
};
json::object ToJsonObject(const ImportReport& report);

// Reads the source sample by sample; memory does not grow with their number, except for an index of
// some formats (docs/formats/dataset.md). Images that are files stay in place, unless `files` says
// otherwise or the source has images of both kinds.
//
// Bad records are no error: see ImportReport. Errors: those of OpenSource, of reading and writing;
// kInvalidConfig if a split is wanted and the source has none, or not this one.
Result<ImportReport> Import(const ImportOptions& options);

}  // namespace vlmhb::data
