#pragma once
// SHA-256 for identities (content addressing) and CRC-32 for journal frames.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace vlmhb {

// Incremental SHA-256. Not thread-safe. After HexDigest() only destruction is allowed.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  Sha256& Update(std::string_view bytes);
  // Length-prefixed, so that ("ab","c") and ("a","bc") differ.
  Sha256& UpdateField(std::string_view bytes);
  // 64 lower-case hexadecimal digits.
  std::string HexDigest();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string Sha256Hex(std::string_view bytes);
// Whether `text` is what HexDigest gives.
bool IsSha256Hex(std::string_view text);

// CRC-32 (IEEE 802.3, as in zlib).
uint32_t Crc32(std::string_view bytes);

}  // namespace vlmhb
