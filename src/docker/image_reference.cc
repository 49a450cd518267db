#include "docker/image_reference.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"

namespace vlmhb::docker {
namespace {

constexpr size_t kLongestName = 255;
constexpr size_t kLongestTag = 128;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsAlnum(char c) { return IsDigit(c) || IsLower(c) || (c >= 'A' && c <= 'Z'); }

// Letters and digits, between them ".", "_", "__" or any number of "-".
bool IsPathComponent(std::string_view text) {
  const auto inner = [](char c) { return IsDigit(c) || IsLower(c); };
  if (text.empty() || !inner(text.front()) || !inner(text.back())) return false;
  for (size_t i = 0; i < text.size();) {
    if (inner(text[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < text.size() && !inner(text[end])) ++end;
    const std::string_view separator = text.substr(i, end - i);
    const bool dashes = separator.find_first_not_of('-') == std::string_view::npos;
    if (!dashes && separator != "." && separator != "_" && separator != "__") return false;
    i = end;
  }
  return true;
}

bool IsTag(std::string_view text) {
  if (text.empty() || text.size() > kLongestTag) return false;
  if (text.front() == '.' || text.front() == '-') return false;
  return std::ranges::all_of(text,
                             [](char c) { return IsAlnum(c) || c == '_' || c == '.' || c == '-'; });
}

bool IsHostLabel(std::string_view text) {
  return !text.empty() && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, [](char c) { return IsAlnum(c) || c == '-'; });
}

// "host.name", "host:5000" or "[v6]:5000".
bool IsRegistry(std::string_view text) {
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    const std::string_view v6 = text.substr(1, end - 1);
    if (!std::ranges::all_of(v6, [](char c) { return IsAlnum(c) || c == ':'; })) return false;
    text.remove_prefix(end + 1);
    if (text.empty()) return true;
    if (text.front() != ':') return false;
    text = std::string_view(text).substr(1);
    return !text.empty() && text.size() <= 5 && std::ranges::all_of(text, IsDigit);
  }
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    const std::string_view port = text.substr(colon + 1);
    if (port.empty() || port.size() > 5 || !std::ranges::all_of(port, IsDigit)) return false;
    text = text.substr(0, colon);
  }
  return std::ranges::all_of(Split(text, '.'), IsHostLabel);
}

bool LooksLikeRegistry(std::string_view first) {
  return first == "localhost" || first.find_first_of(".:[") != std::string_view::npos ||
         std::ranges::any_of(first, [](char c) { return c >= 'A' && c <= 'Z'; });
}

Error Refuse(std::string_view text, std::string_view why) {
  return Error(ErrorCode::kInvalidConfig,
               fmt::format("image '{}': {}; expected [REGISTRY/]NAME[:TAG] or NAME@sha256:DIGEST",
                           SanitizeUtf8(Truncate(text, 300)), why));
}

}  // namespace

bool IsDigest(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  return text.starts_with(kPrefix) && IsSha256Hex(text.substr(kPrefix.size()));
}

Result<ImageReference> ImageReference::Parse(std::string_view text) {
  ImageReference reference;
  std::string_view rest = text;
  if (const size_t at = rest.find('@'); at != std::string_view::npos) {
    reference.digest = rest.substr(at + 1);
    if (!IsDigest(reference.digest)) return Refuse(text, "what follows '@' is not sha256:DIGEST");
    rest = rest.substr(0, at);
  }
  // A colon after the last slash begins a tag; one before it belongs to the registry's port.
  const size_t colon = rest.rfind(':');
  const size_t last_slash = rest.rfind('/');
  if (colon != std::string_view::npos &&
      (last_slash == std::string_view::npos || colon > last_slash)) {
    reference.tag = rest.substr(colon + 1);
    if (!IsTag(reference.tag)) return Refuse(text, "the tag is not valid");
    rest = rest.substr(0, colon);
  }
  if (IsSha256Hex(rest)) return Refuse(text, "a bare digest is not a name");

  const size_t slash = rest.find('/');
  if (slash != std::string_view::npos && LooksLikeRegistry(rest.substr(0, slash))) {
    reference.registry = rest.substr(0, slash);
    reference.path = rest.substr(slash + 1);
    if (!IsRegistry(reference.registry)) return Refuse(text, "the registry is not HOST[:PORT]");
    if (reference.registry == "index.docker.io") reference.registry = "docker.io";
  } else {
    reference.registry = "docker.io";
    reference.path = rest;
  }
  if (reference.path.empty()) return Refuse(text, "there is no name");
  if (!std::ranges::all_of(Split(reference.path, '/'), IsPathComponent))
    return Refuse(text, "a name is lower-case letters and digits, separated by '.', '_' or '-'");
  if (reference.registry == "docker.io" && reference.path.find('/') == std::string::npos)
    reference.path = "library/" + reference.path;
  if (reference.Name().size() > kLongestName) return Refuse(text, "the name is too long");
  if (reference.tag.empty() && reference.digest.empty()) reference.tag = "latest";
  return reference;
}

std::string ImageReference::ToString() const {
  return digest.empty() ? Name() + ":" + tag : Name() + "@" + digest;
}

}  // namespace vlmhb::docker
