#pragma once
// SplitMix64 (Steele, Lea, Flood 2014), as a function of the place in its sequence: draws that
// depend on nothing that was drawn before.

#include <cstdint>

namespace vlmhb {

inline constexpr uint64_t kSplitMixStep = 0x9E3779B97F4A7C15u;

// Its output function.
inline uint64_t SplitMix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace vlmhb
