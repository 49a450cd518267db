// vlmhb: one program for the host and for every environment. See ARCHITECTURE.md.

#include <cstdio>
#include <exception>

#include "base/error.h"
#include "cli/command.h"

int main(int argc, char** argv) {
  try {
    return vlmhb::cli::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr,
                 "error: internal: %s; please report this with the command that led to it\n",
                 error.what());
    return vlmhb::ExitStatus(vlmhb::ErrorCode::kInternal);
  }
}
