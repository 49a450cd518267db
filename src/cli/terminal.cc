#include "cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "os/process.h"

namespace vlmhb::cli {
namespace {

std::string_view TintCode(Tint tint) {
  switch (tint) {
    case Tint::kPlain:
      return "";
    case Tint::kBold:
      return "\x1b[1m";
    case Tint::kDim:
      return "\x1b[2m";
    case Tint::kGreen:
      return "\x1b[32m";
    case Tint::kYellow:
      return "\x1b[33m";
    case Tint::kRed:
      return "\x1b[31m";
    case Tint::kCyan:
      return "\x1b[36m";
  }
  return "";
}

}  // namespace

Terminal DetectTerminal(int fd) {
  Terminal terminal;
  const std::string term = os::GetEnv("TERM").value_or("");
  terminal.interactive = ::isatty(fd) == 1 && !term.empty() && term != "dumb";
  terminal.colour = terminal.interactive && os::GetEnv("NO_COLOR").value_or("").empty();
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) terminal.width = size.ws_col;
  if (const auto columns = os::GetEnv("COLUMNS")) {
    const int wanted = std::atoi(columns->c_str());
    if (wanted > 0) terminal.width = wanted;
  }
  return terminal;
}

std::string Tinted(const Terminal& terminal, Tint tint, std::string_view text) {
  if (!terminal.colour || tint == Tint::kPlain) return std::string(text);
  return fmt::format("{}{}\x1b[0m", TintCode(tint), text);
}

std::string FormatSeconds(double seconds) {
  const auto total = std::llround(std::max(0.0, seconds));
  if (total >= 3600)
    return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
  return fmt::format("{}:{:02}", total / 60, total % 60);
}

std::string FormatCount(int64_t count) {
  std::string digits = std::to_string(count);
  const size_t first = count < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string Printable(std::string_view text) {
  std::string clean(text);
  for (char& c : clean) {
    if (c == '\n' || c == '\t') c = ' ';
    if ((c >= 0 && c < ' ') || c == '\x7f') c = '?';
  }
  return clean;
}

size_t DisplayWidth(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string Fit(std::string_view text, size_t width) {
  if (width == 0) return "";
  std::string fitted;
  size_t columns = 0;
  const bool cut = DisplayWidth(text) > width;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool starts = (text[i] & 0xC0) != 0x80;
    if (starts && columns == (cut ? width - 1 : width)) break;
    columns += starts ? 1 : 0;
    fitted += text[i];
  }
  if (cut) {
    fitted += "…";
    ++columns;
  }
  fitted.append(width - std::min(width, columns), ' ');
  return fitted;
}

}  // namespace vlmhb::cli
