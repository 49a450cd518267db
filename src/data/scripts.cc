#include "data/scripts.h"

#include <algorithm>
#include <array>

namespace vlmhb::data {
namespace {

constexpr std::array<std::string_view, 15> kNames = {
    "Latin", "Greek", "Cyrillic", "Armenian", "Hebrew", "Arabic", "Devanagari", "Bengali",
    "Tamil", "Thai",  "Georgian", "Kana",     "Han",    "Hangul", "other"};
constexpr uint8_t kOther = 14;

struct Range {
  uint32_t first;
  uint32_t last;
  uint8_t script;
};
// Sorted. Blocks, so that a few signs which are no letters are in them.
constexpr std::array<Range, 31> kRanges = {{
    {0x41, 0x5A, 0},        {0x61, 0x7A, 0},        {0xC0, 0xD6, 0},
    {0xD8, 0xF6, 0},        {0xF8, 0x24F, 0},       {0x370, 0x3FF, 1},
    {0x400, 0x52F, 2},      {0x531, 0x58A, 3},      {0x591, 0x5F4, 4},
    {0x620, 0x6FF, 5},      {0x750, 0x77F, 5},      {0x900, 0x97F, 6},
    {0x980, 0x9FF, 7},      {0xA00, 0xB7F, kOther}, {0xB80, 0xBFF, 8},
    {0xC00, 0xDFF, kOther}, {0xE01, 0xE5B, 9},      {0xE80, 0x109F, kOther},
    {0x10A0, 0x10FF, 10},   {0x1100, 0x11FF, 13},   {0x1200, 0x1DBF, kOther},
    {0x1E00, 0x1EFF, 0},    {0x1F00, 0x1FFF, 1},    {0x3041, 0x30FF, 11},
    {0x3400, 0x4DBF, 12},   {0x4E00, 0x9FFF, 12},   {0xA000, 0xABFF, kOther},
    {0xAC00, 0xD7AF, 13},   {0xF900, 0xFAFF, 12},   {0xFB50, 0xFDFF, 5},
    {0x20000, 0x323AF, 12},
}};

// The code point at `at`, which is moved behind it; ill-formed bytes give 0 one by one.
uint32_t Decode(std::string_view text, size_t& at) {
  const auto byte = [&](size_t i) -> uint32_t {
    return at + i < text.size() ? static_cast<uint8_t>(text[at + i]) : 0;
  };
  const uint32_t first = byte(0);
  const size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  uint32_t code = length == 1 ? first : first & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) {
      ++at;
      return 0;
    }
    code = code << 6 | (byte(i) & 0x3F);
  }
  at += length;
  return code;
}

}  // namespace

std::span<const std::string_view> ScriptNames() { return kNames; }

uint32_t ScriptsOf(std::string_view text) {
  uint32_t scripts = 0;
  for (size_t at = 0; at < text.size();) {
    const uint32_t code = Decode(text, at);
    const auto range = std::upper_bound(
        kRanges.begin(), kRanges.end(), code,
        [](uint32_t value, const Range& candidate) { return value < candidate.first; });
    if (range != kRanges.begin() && code <= std::prev(range)->last)
      scripts |= 1u << std::prev(range)->script;
  }
  return scripts;
}

}  // namespace vlmhb::data
