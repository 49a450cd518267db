#pragma once
// Time, behind an interface so that tests move it by hand. Wall time is for
// people and file names; steady time is for every duration.

#include <chrono>
#include <string>

namespace vlmhb {

using Nanos = std::chrono::nanoseconds;
using Millis = std::chrono::milliseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  // Nanoseconds since the Unix epoch.
  virtual Nanos Wall() const = 0;
  // CLOCK_MONOTONIC: never goes back; comparable between processes of one boot.
  virtual Nanos Steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  Nanos Wall() const override;
  Nanos Steady() const override;
};

// Moves only when told to.
class FakeClock final : public Clock {
 public:
  Nanos Wall() const override { return wall_; }
  Nanos Steady() const override { return steady_; }
  void Advance(Nanos by) {
    wall_ += by;
    steady_ += by;
  }

 private:
  Nanos wall_{1'700'000'000'000'000'000};
  Nanos steady_{1'000'000'000};
};

// "2026-11-24T06:40:52.123Z".
std::string FormatUtc(Nanos wall);

inline double ToMillis(Nanos duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace vlmhb
