#include "store/events.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "base/json.h"
#include "base/text.h"

namespace vlmhb::store {
namespace {

constexpr Nanos kProgressInterval = Millis(100);
constexpr size_t kMaxMessageBytes = 4096;
constexpr size_t kPollBytes = 1u << 20;

uint64_t FindCount(const json::object& object, std::string_view key) {
  return static_cast<uint64_t>(std::max<int64_t>(0, FindInt(object, key, 0)));
}

std::optional<StageEvent> ParseEvent(std::string_view line) {
  const Result<json::value> value = ParseJson(line);
  if (!value.ok() || !value->is_object()) return std::nullopt;
  const json::object& object = value->get_object();
  StageEvent event;
  event.type = FindString(object, "type");
  if (event.type.empty()) return std::nullopt;
  event.total = FindCount(object, "total");
  event.done = FindCount(object, "done");
  event.failed = FindCount(object, "failed");
  event.level = FindString(object, "level");
  event.code = FindString(object, "code");
  event.message = FindString(object, "message");
  event.status = FindString(object, "status");
  return event;
}

std::string Message(std::string_view message) {
  return Truncate(SanitizeUtf8(message), kMaxMessageBytes);
}

}  // namespace

Result<EventWriter> EventWriter::Open(const os::Path& folder, const Clock& clock) {
  VLMHB_ASSIGN(os::Fd fd, os::OpenFile(folder / kEventsFile, O_WRONLY | O_CREAT | O_APPEND));
  EventWriter writer(std::move(fd), clock);
  // An earlier writer may have been killed within a line.
  struct stat info {};
  writer.line_cut_ = ::fstat(writer.fd_.get(), &info) == 0 && info.st_size > 0;
  return writer;
}

void EventWriter::Started(uint64_t total, uint64_t done) {
  total_ = total;
  Write(ToJson(json::object{{"type", "started"}, {"total", total}, {"done", done}}));
}

void EventWriter::Progress(uint64_t done, uint64_t failed) {
  done_ = done;
  failed_ = failed;
  progress_pending_ = true;
  Tick();
}

void EventWriter::Tick() {
  if (clock_->Steady() - last_progress_ >= kProgressInterval) FlushProgress();
}

void EventWriter::FlushProgress() {
  if (!progress_pending_) return;
  progress_pending_ = false;
  last_progress_ = clock_->Steady();
  Write(ToJson(
      json::object{{"type", "progress"}, {"done", done_}, {"failed", failed_}, {"total", total_}}));
}

void EventWriter::Log(std::string_view level, std::string_view message) {
  Write(ToJson(json::object{{"type", "log"}, {"level", level}, {"message", Message(message)}}));
}

void EventWriter::Failed(const Error& error) {
  FlushProgress();
  Write(ToJson(json::object{{"type", "error"},
                            {"code", ErrorCodeName(error.code())},
                            {"message", Message(error.ToString())}}));
}

void EventWriter::Finished(std::string_view status) {
  FlushProgress();
  Write(ToJson(json::object{{"type", "finished"}, {"status", status}}));
}

// A line that was cut (a full disk, a killed writer) is ended first, so that it spoils itself only.
void EventWriter::Write(std::string line) {
  if (line_cut_) line.insert(line.begin(), '\n');
  line.push_back('\n');
  line_cut_ = !os::WriteAll(fd_.get(), line, kEventsFile).ok();
}

Result<std::vector<StageEvent>> EventReader::Poll() {
  std::vector<StageEvent> events;
  Result<os::Fd> fd = os::OpenUntrusted(path_);
  if (!fd.ok() && fd.error().code() == ErrorCode::kNotFound) return events;
  if (!fd.ok()) return std::move(fd).error();
  struct stat info {};
  if (::fstat(fd->get(), &info) == 0 && static_cast<uint64_t>(info.st_size) < offset_) {
    offset_ = 0;
    partial_.clear();
  }
  const size_t kept = partial_.size();
  partial_.resize(kept + kPollBytes);
  const ssize_t n =
      ::pread(fd->get(), partial_.data() + kept, kPollBytes, static_cast<off_t>(offset_));
  partial_.resize(kept + static_cast<size_t>(std::max<ssize_t>(n, 0)));
  if (n < 0) return ErrnoError(errno, fmt::format("cannot read {}", path_.string()));
  offset_ += static_cast<uint64_t>(n);

  size_t begin = 0;
  for (size_t end; (end = partial_.find('\n', begin)) != std::string::npos; begin = end + 1)
    if (auto event = ParseEvent(std::string_view(partial_).substr(begin, end - begin)))
      events.push_back(std::move(*event));
  partial_.erase(0, begin);
  if (partial_.size() > kPollBytes) partial_.clear();  // no event is that long
  return events;
}

}  // namespace vlmhb::store
