#pragma once
// Streaming CSV as the predecessor's users have it and as every output of ours is
// written: UTF-8, optional BOM, any one-byte delimiter, LF or CRLF, cells quoted by '"'
// (doubled inside), line breaks inside quoted cells. Memory is one record.

#include <cstdint>
#include <istream>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vlmhb {

struct CsvOptions {
  char delimiter = ';';
  size_t max_record_bytes = 64u << 20;  // a longer record is kCorrupt
};

// Reads records one after another, and ahead of them. Not thread-safe. The stream, or the text,
// must outlive the reader.
class CsvReader {
 public:
  CsvReader(std::istream& in, CsvOptions options);
  CsvReader(std::string_view text, CsvOptions options);

  // Reads the next record into `cells` (reused). False at the end of the input. Blank lines
  // are skipped. kCorrupt for an unterminated quote or an overlong record; text after a
  // closing quote is kept as it is (pandas does the same).
  Result<bool> Next(std::vector<std::string>& cells);

  // 1-based line on which the last record started.
  uint64_t line() const { return record_line_; }
  // Byte offset at which the last record started (BOM included).
  uint64_t offset() const { return record_offset_; }

 private:
  bool Fill();
  int Peek();
  int Get();
  void SkipByteOrderMark();
  void TakeRun(bool quoted, std::string& cell);

  std::streambuf* in_ = nullptr;  // nullptr: all of the text is there from the beginning
  std::vector<char> buffer_;
  const char* at_ = nullptr;  // what is not yet read of the buffer, or of the text
  const char* end_ = nullptr;
  CsvOptions options_;
  uint64_t line_ = 1;
  uint64_t offset_ = 0;
  uint64_t record_line_ = 1;
  uint64_t record_offset_ = 0;
};

// ';' or ',' (or tab), whichever occurs most in the header line outside of quotes; ';' on a tie.
char GuessCsvDelimiter(std::string_view header_line);
// The same for a file: looks at its first line (64 KiB at most) and goes back to the start. The
// stream must be seekable.
char GuessCsvDelimiter(std::istream& in);

// Appends `cells` as one record with '\n' to `out`, quoting where needed (delimiter, quote,
// CR, LF, or leading/trailing space).
void AppendCsvRecord(std::string& out, const std::vector<std::string>& cells, char delimiter = ';');

inline constexpr std::string_view kUtf8Bom = "\xEF\xBB\xBF";

}  // namespace vlmhb
