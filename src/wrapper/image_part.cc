#include "wrapper/image_part.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace vlmhb::wrapper {
namespace {

// Enough to recognise a URL or path in a message; a data URI may have megabytes.
std::string Shown(std::string_view url) { return Truncate(url, 200); }

bool IsMediaType(std::string_view text) {
  constexpr std::string_view kPrefix = "image/";
  return text.size() > kPrefix.size() && text.size() < 100 && text.starts_with(kPrefix) &&
         std::all_of(text.begin() + kPrefix.size(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '+' ||
                  c == '-';
         });
}

std::variant<json::object, ApiError> FromDataUri(std::string_view url, std::string_view where) {
  const size_t comma = url.find(',');
  const std::string header = AsciiLower(url.substr(0, std::min(comma, size_t{200})));
  const std::string_view rest = std::string_view(header).substr(std::min<size_t>(5, header.size()));
  const size_t semicolon = rest.find(';');
  const std::string_view media_type = rest.substr(0, semicolon);
  if (comma == std::string_view::npos || !IsMediaType(media_type) || !rest.ends_with(";base64"))
    return BadRequest(
        fmt::format("{}: a data URI must begin with data:image/TYPE;base64, but begins with '{}'",
                    where, Truncate(url, 40)));
  const std::string_view data = url.substr(comma + 1);
  if (data.empty()) return BadImage(fmt::format("{}: the data URI has no data", where));
  return json::object{{"type", "image"}, {"media_type", media_type}, {"data", data}};
}

// False for a "%" that two hexadecimal digits do not follow, and for a zero byte.
bool PercentDecode(std::string_view text, std::string& decoded) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return false;
    decoded += c;
  }
  return true;
}

std::variant<json::object, ApiError> FromFile(const std::string& path, std::string_view where,
                                              std::span<const os::Path> file_roots) {
  const os::Path wanted = os::Path(path).lexically_normal();
  for (const os::Path& root : file_roots) {
    const os::Path relative = wanted.lexically_relative(root.lexically_normal() / "");
    if (relative.empty() || *relative.begin() == "..") continue;
    const Result<os::Path> inside = os::JoinInside(root, relative.string());
    if (!inside.ok()) continue;
    std::error_code error;
    if (!std::filesystem::is_regular_file(*inside, error))
      return BadImage(fmt::format("{}: '{}' is not a file", where, Shown(path)));
    return json::object{{"type", "image"}, {"path", inside->string()}};
  }
  return BadRequest(fmt::format("{}: '{}' is outside of the folders that images may be read from",
                                where, Shown(path)));
}

}  // namespace

std::variant<json::object, ApiError> ImagePart(std::string_view url, std::string_view where,
                                               std::span<const os::Path> file_roots) {
  const std::string scheme = AsciiLower(url.substr(0, 8));
  if (scheme.starts_with("data:")) return FromDataUri(url, where);
  if (scheme.starts_with("http://") || scheme.starts_with("https://"))
    return BadRequest(
        fmt::format("{}: '{}' is not fetched, images never come from a network here; send a data "
                    "URI or a path",
                    where, Shown(url)));
  std::string path;
  if (scheme.starts_with("file://")) {
    std::string_view rest = url.substr(7);
    if (rest.starts_with("localhost/")) rest.remove_prefix(9);
    if (!PercentDecode(rest, path)) path.clear();
  } else if (url.find('\0') == std::string_view::npos) {
    path = url;
  }
  if (path.empty() || path[0] != '/')
    return BadRequest(fmt::format(
        "{}: '{}' is neither a data URI, file:///PATH nor an absolute path", where, Shown(url)));
  return FromFile(path, where, file_roots);
}

}  // namespace vlmhb::wrapper
