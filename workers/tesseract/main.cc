// vlmhb-worker-tesseract: Tesseract OCR as a model plug-in. README.md beside this file.

#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "recognizer.h"

namespace {

// One request is served by one core, and the host starts as many workers as it wants. OpenMP reads
// its limit before main(), so the program starts itself again with the limit set. Where that is not
// possible it only wastes time: Tesseract's own threads rarely make it faster.
void LimitThreads(char** argv) {
  const char* limit = std::getenv("OMP_THREAD_LIMIT");
  if (limit != nullptr && std::strcmp(limit, "1") == 0) return;
  ::setenv("OMP_THREAD_LIMIT", "1", /*overwrite=*/1);
  ::execv("/proc/self/exe", argv);
}

}  // namespace

int main(int, char** argv) {
  LimitThreads(argv);
  vlmhb::tesseract_worker::Recognizer recognizer;
  return vlmhb::worker::RunPlugin(recognizer, "tesseract", tesseract::TessBaseAPI::Version());
}
