// Answers that somebody else made: any bytes are read or refused, and what was read survives being
// written and read again.

#include <sstream>

#include "base/text.h"
#include "fuzz.h"
#include "store/answers.h"

namespace vlmhb::fuzz {
namespace {

std::vector<std::string> ReadAll(std::string_view input, bool& whole) {
  std::vector<std::string> rows;
  auto reader = store::AnswersReader::FromStream(
      std::make_unique<std::istringstream>(std::string(input)), "answers.csv");
  whole = reader.ok();
  store::AnswerRow row;
  while (whole) {
    const auto more = reader->Next(row);
    whole = more.ok();
    if (!more.ok() || !*more) break;
    std::string record;
    AppendCsvRecord(record, store::ToCells(row));
    rows.push_back(std::move(record));
  }
  return rows;
}

}  // namespace

void Test(std::string_view input) {
  bool whole = false;
  const std::vector<std::string> rows = ReadAll(input, whole);
  if (!whole) return;
  std::string written;
  AppendCsvRecord(written, store::AnswerColumns());
  written += Join(rows, "");
  CHECK(ReadAll(written, whole) == rows && whole, "answers survive the round trip");
}

}  // namespace vlmhb::fuzz
