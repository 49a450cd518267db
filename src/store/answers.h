#pragma once
// answers.csv and requests.csv (docs/formats/answers.md): published from a journal, and answers
// read back row by row, from our files as well as from the predecessor's (`id;model_answer`).

#include <istream>
#include <memory>
#include <string>
#include <vector>

#include "base/csv.h"
#include "base/result.h"
#include "os/file.h"
#include "store/answer_row.h"
#include "store/journal.h"

namespace vlmhb::store {

inline constexpr std::string_view kAnswersFile = "answers.csv";
inline constexpr std::string_view kRequestsFile = "requests.csv";

// How the samples of a published file ended.
struct AnswerCounts {
  uint64_t total = 0;
  uint64_t ok = 0;  // answers, truncated ones included
  uint64_t failed = 0;
};

// Writes both files into `folder`, each atomically, and returns what they hold. Streams: memory is
// one sample.
Result<AnswerCounts> PublishAnswers(const Journal& journal, const os::Path& folder);

// Reads an answers file. Columns are found by name, in any order; `id` (the predecessor's
// `sample_id` too) and `model_answer` are required, the others optional, unknown ones ignored.
// Without an `outcome` column every row is `ok`. Delimiter ';', ',' or tab, BOM, LF or CRLF.
// Not thread-safe.
class AnswersReader {
 public:
  static Result<AnswersReader> Open(const os::Path& path);
  // Reads `in`, a seekable stream; `name` is for messages.
  static Result<AnswersReader> FromStream(std::unique_ptr<std::istream> in, std::string name);

  // The next row into `row`, false at the end. kCorrupt names line and column of what does not fit.
  Result<bool> Next(AnswerRow& row);
  // 1-based line on which the last row started.
  uint64_t line() const { return csv_->line(); }
  // Byte offset at which the last row started.
  uint64_t offset() const { return seek_offset_ + csv_->offset(); }
  // Goes to the row that starts at `offset`; line() counts from there on. kIo if it cannot.
  Result<void> Seek(uint64_t offset);
  const std::vector<std::string>& columns() const { return columns_; }

 private:
  AnswersReader() = default;
  Error Wrong(std::string_view why) const;

  std::string name_;
  std::unique_ptr<std::istream> in_;
  CsvOptions options_;
  std::unique_ptr<CsvReader> csv_;
  uint64_t seek_offset_ = 0;  // where csv_ began to read
  std::vector<std::string> columns_;
  std::vector<std::string> cells_;
};

}  // namespace vlmhb::store
