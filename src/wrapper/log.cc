#include "wrapper/log.h"

#include <fcntl.h>

#include <algorithm>
#include <string>

#include "base/clock.h"
#include "base/text.h"

namespace vlmhb::wrapper {

Result<Log> Log::Open(const os::Path& path) {
  Log log;
  if (path.empty()) return log;
  VLMHB_ASSIGN(log.fd_, os::OpenFile(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC));
  return log;
}

void Log::Write(std::string_view line) {
  if (!fd_.valid()) return;
  std::string text = FormatUtc(SystemClock().Wall()) + " " + SanitizeUtf8(line);
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\t'; }, ' ');
  text += '\n';
  if (text.size() > left_) return;
  left_ -= text.size();
  [[maybe_unused]] const Result<void> written = os::WriteAll(fd_.get(), text, "the log");
}

}  // namespace vlmhb::wrapper
