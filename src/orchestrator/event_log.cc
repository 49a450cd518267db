#include "orchestrator/event_log.h"

#include <fcntl.h>

namespace vlmhb::orchestrator {

void EventLog::Append(json::object event) {
  if (!status_.ok()) return;
  if (!fd_.valid()) {
    Result<os::Fd> opened = os::OpenFile(path_, O_WRONLY | O_CREAT | O_APPEND);
    if (!opened.ok()) {
      status_ = std::move(opened).error();
      return;
    }
    fd_ = std::move(*opened);
  }
  event["at"] = FormatUtc(clock_.Wall());
  status_ = os::WriteAll(fd_.get(), ToJson(event) + "\n", path_.string());
}

}  // namespace vlmhb::orchestrator
