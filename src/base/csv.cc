#include "base/csv.h"

#include <fmt/format.h>

#include <algorithm>

namespace vlmhb {
namespace {

constexpr int kEnd = std::char_traits<char>::eof();
constexpr size_t kMaxHeaderBytes = 64u << 10;
constexpr size_t kStreamBytes = 16u << 10;  // readers that seek fill it anew each time
constexpr ptrdiff_t kMaxRunBytes = 64 << 10;

bool NeedsQuotes(std::string_view cell, char delimiter) {
  if (cell.empty()) return false;
  if (cell.front() == ' ' || cell.back() == ' ' || cell.front() == '\t' || cell.back() == '\t')
    return true;
  return std::any_of(cell.begin(), cell.end(), [delimiter](char c) {
    return c == delimiter || c == '"' || c == '\n' || c == '\r';
  });
}

}  // namespace

CsvReader::CsvReader(std::istream& in, CsvOptions options)
    : in_(in.rdbuf()), buffer_(kStreamBytes), options_(options) {
  SkipByteOrderMark();
}

CsvReader::CsvReader(std::string_view text, CsvOptions options)
    : at_(text.data()), end_(text.data() + text.size()), options_(options) {
  SkipByteOrderMark();
}

void CsvReader::SkipByteOrderMark() {
  if (!Fill() || !std::string_view(at_, end_).starts_with(kUtf8Bom)) return;
  at_ += kUtf8Bom.size();
  offset_ = kUtf8Bom.size();
}

// Whether there is a byte at at_.
bool CsvReader::Fill() {
  if (at_ != end_) return true;
  if (in_ == nullptr) return false;
  const std::streamsize size =
      in_->sgetn(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  at_ = buffer_.data();
  end_ = at_ + size;
  return size > 0;
}

int CsvReader::Peek() { return Fill() ? static_cast<uint8_t>(*at_) : kEnd; }

int CsvReader::Get() {
  const int c = Peek();
  if (c == kEnd) return c;
  ++at_;
  ++offset_;
  if (c == '\n') ++line_;
  return c;
}

// Moves bytes that mean nothing into the cell, as many as there are at hand.
void CsvReader::TakeRun(bool quoted, std::string& cell) {
  const char* limit = at_ + std::min(end_ - at_, kMaxRunBytes);
  const char* run = std::find_if(at_, limit, [&](char c) {
    return quoted ? c == '"' : c == options_.delimiter || c == '\n' || c == '\r';
  });
  if (quoted) line_ += static_cast<uint64_t>(std::count(at_, run, '\n'));
  cell.append(at_, run);
  offset_ += static_cast<uint64_t>(run - at_);
  at_ = run;
}

// One pass over the bytes of a record. `quoted` is whether the cursor is inside quotes;
// outside, a delimiter ends the cell and a line break ends the record.
Result<bool> CsvReader::Next(std::vector<std::string>& cells) {
  while (Peek() == '\n' || Peek() == '\r') Get();
  record_line_ = line_;
  record_offset_ = offset_;
  if (Peek() == kEnd) return false;

  size_t used = 0;
  const auto next_cell = [&]() -> std::string& {
    if (used == cells.size()) cells.emplace_back();
    cells[used].clear();
    return cells[used++];
  };
  std::string* cell = &next_cell();
  bool quoted = false;
  bool cell_start = true;
  while (true) {
    if (offset_ - record_offset_ > options_.max_record_bytes)
      return Error(ErrorCode::kCorrupt,
                   fmt::format("line {}: a record of more than {} bytes; is a quote left open?",
                               record_line_, options_.max_record_bytes));
    const int c = Get();
    if (c == kEnd) {
      if (quoted)
        return Error(ErrorCode::kCorrupt,
                     fmt::format("line {}: a quoted cell is never closed", record_line_));
      break;
    }
    if (quoted) {
      if (c != '"') {
        cell->push_back(static_cast<char>(c));
        TakeRun(quoted, *cell);
      } else if (Peek() == '"') {
        Get();
        cell->push_back('"');
      } else {
        quoted = false;
      }
      continue;
    }
    if (c == '"' && cell_start) {
      quoted = true;
    } else if (c == options_.delimiter) {
      cell = &next_cell();
      cell_start = true;
      continue;
    } else if (c == '\n') {
      break;
    } else if (c == '\r') {
      if (Peek() == '\n') Get();
      break;
    } else {
      cell->push_back(static_cast<char>(c));
      TakeRun(quoted, *cell);
    }
    cell_start = false;
  }
  cells.resize(used);
  return true;
}

char GuessCsvDelimiter(std::string_view header_line) {
  char best = ';';
  ptrdiff_t best_count = 0;
  for (const char candidate : {';', ',', '\t'}) {
    bool quoted = false;
    const auto count = std::count_if(header_line.begin(), header_line.end(), [&](char c) {
      if (c == '"') quoted = !quoted;
      return !quoted && c == candidate;
    });
    if (count > best_count) {
      best = candidate;
      best_count = count;
    }
  }
  return best;
}

char GuessCsvDelimiter(std::istream& in) {
  std::streambuf& bytes = *in.rdbuf();
  std::string line;
  for (int c = bytes.sgetc(); c != kEnd && c != '\n' && line.size() < kMaxHeaderBytes;
       c = bytes.snextc())
    line.push_back(static_cast<char>(c));
  bytes.pubseekpos(0);
  return GuessCsvDelimiter(line);
}

void AppendCsvRecord(std::string& out, const std::vector<std::string>& cells, char delimiter) {
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out.push_back(delimiter);
    if (!NeedsQuotes(cells[i], delimiter)) {
      out += cells[i];
      continue;
    }
    out.push_back('"');
    for (const char c : cells[i]) {
      if (c == '"') out.push_back('"');
      out.push_back(c);
    }
    out.push_back('"');
  }
  // A record of one empty cell would be a blank line, which readers skip.
  if (cells.size() == 1 && cells[0].empty()) out += "\"\"";
  out.push_back('\n');
}

}  // namespace vlmhb
