// What a container engine says: log frames and progress of a pull. How the stream is cut does not
// matter.

#include "docker/log_frames.h"
#include "docker/pull_progress.h"
#include "fuzz.h"

namespace vlmhb::fuzz {
namespace {

struct Log {
  std::string text;
  bool ok = true;
};

Log ReadLog(std::string_view input, size_t piece) {
  Log log;
  docker::LogFrames frames([&](std::string_view bytes) { log.text += bytes; });
  InPieces(input, piece, [&](std::string_view part) { return log.ok = frames.Feed(part).ok(); });
  log.ok = log.ok && frames.Finish().ok();
  return log;
}

struct Pull {
  env::PullProgress total;
  std::string error;
};

Pull ReadPull(std::string_view input, size_t piece) {
  docker::PullProgress progress;
  InPieces(input, piece, [&](std::string_view part) {
    progress.Feed(part);
    return true;
  });
  progress.Finish();
  return {progress.total(), progress.error_message().value_or("")};
}

}  // namespace

void Test(std::string_view input) {
  const size_t whole = std::max<size_t>(input.size(), 1);
  const Log log = ReadLog(input, whole), log_in_bytes = ReadLog(input, 1);
  CHECK(log.ok == log_in_bytes.ok, "a cut does not break or mend a log");
  CHECK(!log.ok || log.text == log_in_bytes.text, "a cut does not change a log");

  const Pull pull = ReadPull(input, whole), pull_in_bytes = ReadPull(input, 1);
  CHECK(pull.error == pull_in_bytes.error, "a cut does not change an error");
  CHECK(pull.total.bytes_done == pull_in_bytes.total.bytes_done &&
            pull.total.layers_done == pull_in_bytes.total.layers_done,
        "a cut does not change progress");
  CHECK(pull.total.layers_done >= 0 && pull.total.layers_done <= pull.total.layers_total,
        "no more layers are done than there are");
}

}  // namespace vlmhb::fuzz
