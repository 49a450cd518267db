#include "base/csv.h"

#include <fmt/format.h>

#include <algorithm>

namespace vlmhb {
namespace {

constexpr int kEnd = std::char_traits<char>::eof();
constexpr size_t kMaxHeaderBytes = 64u << 10;

bool NeedsQuotes(std::string_view cell, char delimiter) {
  if (cell.empty()) return false;
  if (cell.front() == ' ' || cell.back() == ' ' || cell.front() == '\t' || cell.back() == '\t')
    return true;
  return std::any_of(cell.begin(), cell.end(), [delimiter](char c) {
    return c == delimiter || c == '"' || c == '\n' || c == '\r';
  });
}

}  // namespace

CsvReader::CsvReader(std::istream& in, CsvOptions options) : in_(*in.rdbuf()), options_(options) {
  size_t matched = 0;
  for (; matched < kUtf8Bom.size(); ++matched) {
    if (in_.sgetc() != static_cast<uint8_t>(kUtf8Bom[matched])) break;
    in_.sbumpc();
  }
  if (matched == kUtf8Bom.size()) {
    offset_ = matched;
  } else {
    // Another character that begins with the same bytes.
    for (; matched > 0; --matched) in_.sungetc();
  }
}

int CsvReader::Get() {
  const int c = in_.sbumpc();
  if (c != kEnd) ++offset_;
  if (c == '\n') ++line_;
  return c;
}

// One pass over the bytes of a record. `quoted` is whether the cursor is inside quotes;
// outside, a delimiter ends the cell and a line break ends the record.
Result<bool> CsvReader::Next(std::vector<std::string>& cells) {
  while (in_.sgetc() == '\n' || in_.sgetc() == '\r') Get();
  record_line_ = line_;
  record_offset_ = offset_;
  if (in_.sgetc() == kEnd) return false;

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
      } else if (in_.sgetc() == '"') {
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
      if (in_.sgetc() == '\n') Get();
      break;
    } else {
      cell->push_back(static_cast<char>(c));
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
