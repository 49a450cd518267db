#include "mock/record.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <iterator>

namespace vlmhb::mock {
namespace {

constexpr size_t kWriteBytes = 64u << 10;

std::string Cell(Nanos time) { return time.count() == 0 ? "" : std::to_string(time.count()); }

}  // namespace

Result<Record> Record::Create(const os::Path& path) {
  Record record;
  if (path.empty()) return record;
  VLMHB_ASSIGN(record.file_, os::OpenFile(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC));
  record.pending_ = "request;received_ns;first_ns;last_ns;end_ns;events;tokens;outcome\n";
  return record;
}

void Record::Add(const Served& served) {
  if (!file_.valid()) return;
  fmt::format_to(std::back_inserter(pending_), "{};{};{};{};{};{};{};{}\n", served.index,
                 Cell(served.received), Cell(served.first), Cell(served.last), Cell(served.end),
                 served.events, served.tokens, served.outcome);
  if (pending_.size() >= kWriteBytes) status_ = Flush();
}

Result<void> Record::Flush() {
  if (!file_.valid() || !status_.ok()) return status_;
  const Result<void> written = os::WriteAll(file_.get(), pending_, "the record");
  pending_.clear();
  return written;
}

}  // namespace vlmhb::mock
