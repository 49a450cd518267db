#pragma once
// Small text helpers that several modules need. UTF-8 throughout; all functions
// are pure and thread-safe.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vlmhb {

// ASCII white space off both ends.
std::string_view Trim(std::string_view text);
std::vector<std::string_view> Split(std::string_view text, char separator);
std::string Join(std::span<const std::string> parts, std::string_view separator);
std::string AsciiLower(std::string_view text);

// True if `text` is well-formed UTF-8 (no surrogates, no overlong forms).
bool IsValidUtf8(std::string_view text);
// Replaces each ill-formed byte by U+FFFD; well-formed text comes back unchanged.
std::string SanitizeUtf8(std::string_view text);
// The first `bytes` bytes at most, never cutting a code point; "…" marks a cut.
std::string Truncate(std::string_view text, size_t bytes);

// The candidate closest to `name` (Damerau-Levenshtein, case ignored), or "" if none
// is close enough to be a likely misspelling.
std::string ClosestMatch(std::string_view name, std::span<const std::string> candidates);
// " Did you mean 'x'?" or "".
std::string DidYouMean(std::string_view name, std::span<const std::string> candidates);

// A-Z a-z 0-9 - . _ ~ as they are, every other byte as %XX.
std::string PercentEncode(std::string_view text);
// "me:word" of "https://me:word@host/path"; nullopt without a user or a scheme.
std::optional<std::string_view> UrlUserInfo(std::string_view url);

// A file-name-safe form: [A-Za-z0-9._-], others become '-', never empty, never starting
// with '.', at most 100 bytes. Different inputs may give the same slug.
std::string Slug(std::string_view text);

}  // namespace vlmhb
