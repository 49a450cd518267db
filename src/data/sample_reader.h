#pragma once
// A dataset in whatever form, read sample by sample. One implementation for each format
// (import_formats.h); import and inspection know only this. Not thread-safe.

#include <map>
#include <string>

#include "base/result.h"
#include "data/sample_writer.h"
#include "os/file.h"

namespace vlmhb::data {

struct SourceOptions {
  os::Path path;    // the file or folder
  os::Path images;  // root of images that are files; empty: the folder, or the file's folder
  // The source's key or column for a role (image, question, answer, doc_class, question_type,
  // system, id), where it is not one of the usual names.
  std::map<std::string, std::string> roles;
};

struct SourceRecord {
  ImportedSample sample;
  std::string place;       // for messages: "line 12", "jsons/3.json"
  std::string bad_reason;  // empty: the sample is good; otherwise it is not to be relied on
};

class SampleReader {
 public:
  virtual ~SampleReader() = default;
  // Constant from the beginning.
  virtual const SampleColumns& columns() const = 0;
  // The folder that images which are files are relative to.
  virtual const os::Path& root() const = 0;
  // The next sample into `record` (whose memory is reused); false at the end. A record that cannot
  // be used is delivered as bad. An error is one of reading the source.
  virtual Result<bool> Next(SourceRecord& record) = 0;
};

// The roles of SourceOptions.
inline constexpr std::string_view kSourceRoles[] = {
    "image", "question", "answer", "doc_class", "question_type", "system", "id"};

}  // namespace vlmhb::data
