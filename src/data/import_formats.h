#pragma once
// The readers behind the table of import.h: for each format whether a path looks like it, and how
// it is opened. docs/formats/dataset.md says what becomes of what.

#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "data/sample_reader.h"

namespace vlmhb::data {

using OpenedReader = Result<std::unique_ptr<SampleReader>>;

bool IsAnnotation(const os::Path& path);
OpenedReader OpenAnnotation(const SourceOptions& options);

bool IsJsonLines(const os::Path& path);
OpenedReader OpenJsonLines(const SourceOptions& options);

bool IsTsv(const os::Path& path);
OpenedReader OpenTsv(const SourceOptions& options);

bool IsCoco(const os::Path& path);
OpenedReader OpenCoco(const SourceOptions& options);

bool IsDocVqa(const os::Path& path);
OpenedReader OpenDocVqa(const SourceOptions& options);

bool IsPageFolder(const os::Path& path);
OpenedReader OpenPageFolder(const SourceOptions& options);

bool IsDocumentFolder(const os::Path& path);
OpenedReader OpenDocumentFolder(const SourceOptions& options);

bool IsTextFolder(const os::Path& path);
OpenedReader OpenTextFolder(const SourceOptions& options);

bool IsClassFolder(const os::Path& path);
OpenedReader OpenClassFolder(const SourceOptions& options);

// What they share.

// options.images, or the folder that options.path is or is in.
os::Path ImageRoot(const SourceOptions& options);
// Whether the extension is `extension` (lower case, with its dot), in any case.
bool HasExtension(const os::Path& path, std::string_view extension);
bool IsImageName(std::string_view file_name);

// A value as the text of a cell: texts as they are, null as nothing, all else as compact JSON.
std::string CellText(const json::value& value);

// An image as data sets have it in a text: a data URI, base64, or a path. The text of an error is
// fit for SourceRecord::bad_reason.
Result<SampleImage> ImageFromText(std::string_view text);

// Empties `record`, whose fields are then `fields` empty texts, and keeps its memory.
void Clear(SourceRecord& record, size_t fields);

}  // namespace vlmhb::data
