#pragma once
// The mock's own record: when it really did what, to compare a client's figures with.

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "os/fd.h"
#include "os/file.h"

namespace vlmhb::mock {

// CLOCK_MONOTONIC; 0: it did not happen.
struct Served {
  uint64_t index = 0;
  Nanos received{};  // the read that brought the request's last byte returned
  Nanos first{};     // before the write of the first event with a token
  Nanos last{};      // before the last write
  Nanos end{};       // after it, or when the client left
  int64_t events = 0;
  int64_t tokens = 0;
  std::string_view outcome;  // "ok", "left" (the client), or the fault's name
};

class Record {
 public:
  // A CSV file; "": nothing is kept.
  static Result<Record> Create(const os::Path& path);
  void Add(const Served& served);
  // What Add has kept back. The destructor does not write.
  Result<void> Flush();

 private:
  os::Fd file_;
  std::string pending_;
  Result<void> status_;
};

}  // namespace vlmhb::mock
