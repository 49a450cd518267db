#pragma once
// What the terminal can show. Decided once, in main, and passed on.

#include <string>
#include <string_view>

namespace vlmhb::cli {

struct Terminal {
  bool interactive = false;  // standard error is a terminal that moves its cursor
  bool colour = false;       // and NO_COLOR is not set
  int width = 80;
};

// `fd` is where output goes. Honours NO_COLOR, TERM=dumb and COLUMNS.
Terminal DetectTerminal(int fd);

enum class Tint { kPlain, kBold, kDim, kGreen, kYellow, kRed, kCyan };
// `text` in colour where the terminal has it.
std::string Tinted(const Terminal& terminal, Tint tint, std::string_view text);

// "0:07", "12:05", "3:04:05".
std::string FormatSeconds(double seconds);
// "1,234,567".
std::string FormatCount(int64_t count);
// Printable: control characters (escape sequences of hostile text) become '?', line breaks ' '.
std::string Printable(std::string_view text);
// Columns that `text` takes on a terminal: code points, which is right for the scripts used here.
size_t DisplayWidth(std::string_view text);
// `text` cut or padded to exactly `width` columns.
std::string Fit(std::string_view text, size_t width);

}  // namespace vlmhb::cli
