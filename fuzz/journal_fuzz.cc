// A journal with anything in it is refused, or opened, continued and opened again.
//
// The first byte of the input says what the rest is: 'r' the whole file, 'b' what follows a good
// header, else payloads, separated by 0 bytes, each of which is put into a frame with a right CRC.

#include <fcntl.h>

#include "base/hash.h"
#include "fuzz.h"
#include "os/file.h"
#include "store/answer_row.h"
#include "store/journal.h"

namespace vlmhb::fuzz {
namespace {

constexpr std::string_view kIdentity = "fuzz";

std::string Frame(std::string_view payload) {
  std::string frame;
  for (const auto value : {static_cast<uint32_t>(payload.size()), Crc32(payload)})
    for (int shift = 0; shift < 32; shift += 8) frame += static_cast<char>(value >> shift);
  return frame.append(payload);
}

std::string FileOf(std::string_view input) {
  const char kind = input.empty() ? 'b' : input[0];
  input.remove_prefix(std::min<size_t>(1, input.size()));
  if (kind == 'r') return std::string(input);
  std::string file = "VLMHBJ1\n" + Frame(R"({"identity":"fuzz"})");
  if (kind == 'b') return file.append(input);
  while (!input.empty()) {
    const size_t end = std::min(input.find('\0'), input.size());
    file += Frame(input.substr(0, end));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  return file;
}

// Appends a sample that is not there yet, closes, opens, and finds it.
void TestContinuing(store::Journal journal, const os::Path& folder) {
  uint64_t free_id = 0;
  while (*journal.Contains(free_id)) ++free_id;
  const uint64_t size = journal.size();
  store::SampleRecord record;
  record.answer.id = free_id;
  const std::string payload = store::ToPayload(record);
  const auto appended = journal.Append({&payload, 1});
  CHECK(appended.ok(), "a free id can be appended");
  { const store::Journal closed(std::move(journal)); }

  const auto reopened = store::Journal::Open(folder, kIdentity);
  CHECK(reopened.ok(), "what was opened can be opened again");
  CHECK(reopened->size() == size + 1, "nothing is lost and nothing is added");
  CHECK(reopened->dropped_bytes() == 0, "the first opening has removed the torn end");
  CHECK(*reopened->Contains(free_id), "what was appended is there");
}

}  // namespace

void Test(std::string_view input) {
  static const os::TempFolder folder(std::string_view("vlmhb-fuzz"));
  {
    const auto fd = os::OpenFile(folder.path() / store::kJournalFile, O_WRONLY | O_CREAT | O_TRUNC);
    CHECK(fd.ok() && os::WriteAll(fd->get(), FileOf(input), "the journal").ok(), "it is writable");
  }
  auto journal = store::Journal::Open(folder.path(), kIdentity);
  if (!journal.ok()) return;
  uint64_t visited = 0;
  const auto visit = journal->VisitById([&](uint64_t id, std::string_view payload) {
    ++visited;
    const auto record = store::ParsePayload(payload);
    CHECK(!record.ok() || record->answer.id == id, "a record is found under its own id");
    return Result<void>();
  });
  CHECK(visit.ok() && visited == journal->size(), "every frame is visited once");
  TestContinuing(std::move(*journal), folder.path());
}

}  // namespace vlmhb::fuzz
