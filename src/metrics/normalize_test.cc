#include "metrics/normalize.h"

#include <gtest/gtest.h>
#include <utf8proc.h>

#include <cstdlib>
#include <random>
#include <string>

namespace vlmhb::metrics {
namespace {

using Text = std::vector<Symbol>;

Text Normalized(std::string_view utf8, NormalizeOptions options = {}) {
  Text out;
  Normalize(utf8, options, out);
  return out;
}

std::string Utf8(const Text& text) {
  std::string out;
  for (const Symbol c : text) {
    utf8proc_uint8_t bytes[4];
    const auto length = utf8proc_encode_char(c, bytes);
    out.append(reinterpret_cast<const char*>(bytes), size_t(length));
  }
  return out;
}

// What utf8proc's own convenience function makes of the text.
Text ByUtf8proc(const std::string& utf8, const NormalizeOptions& options) {
  int flags = UTF8PROC_STABLE;
  if (options.unicode != UnicodeForm::kNone) flags |= UTF8PROC_COMPOSE;
  if (options.unicode == UnicodeForm::kNfkc) flags |= UTF8PROC_COMPAT;
  if (options.ignore_case) flags |= UTF8PROC_CASEFOLD;
  utf8proc_uint8_t* mapped = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(utf8.data()),
                   utf8proc_ssize_t(utf8.size()), &mapped, utf8proc_option_t(flags));
  Text out;
  for (utf8proc_ssize_t i = 0; i < length;) {
    Symbol c = 0;
    i += utf8proc_iterate(mapped + i, length - i, &c);
    out.push_back(c);
  }
  std::free(mapped);
  return out;
}

TEST(NormalizeTest, FormsAreThoseOfUnicode) {
  EXPECT_EQ(Normalized("и\xCC\x86"), Text{0x439});
  EXPECT_EQ(Normalized("и\xCC\x86", {.unicode = UnicodeForm::kNone}), (Text{0x438, 0x306}));
  EXPECT_EQ(Normalized("ﬁ"), Text{0xFB01});
  EXPECT_EQ(Normalized("ﬁ", {.unicode = UnicodeForm::kNfkc}), (Text{'f', 'i'}));
  EXPECT_EQ(Normalized("Straße", {.ignore_case = true}),
            Normalized("STRASSE", {.ignore_case = true}));
  EXPECT_EQ(Normalized("Ёж", {.ignore_case = true}), (Text{0x451, 0x436}));
  EXPECT_EQ(Normalized("«a», b-c!", {.ignore_punctuation = true}), (Text{'a', ' ', 'b', 'c'}));
  EXPECT_EQ(Normalized("a+b=$5", {.ignore_punctuation = true}).size(), 6u) << "symbols stay";
}

TEST(NormalizeTest, IllFormedBytesAreReplacementCharacters) {
  EXPECT_EQ(Normalized("a\xFF"
                       "b"),
            (Text{'a', 0xFFFD, 'b'}));
  EXPECT_EQ(Normalized("\xED\xA0\x80").size(), 3u) << "an encoded surrogate";
  EXPECT_EQ(Normalized(std::string_view("a\0b", 3)), (Text{'a', 0, 'b'}));
  EXPECT_TRUE(Normalized("").empty());
}

// The quick path must give what the whole algorithm gives, for every code point and any neighbours.
TEST(NormalizeTest, AgreesWithUtf8procEverywhere) {
  std::mt19937 random(7);
  for (const UnicodeForm form : {UnicodeForm::kNfc, UnicodeForm::kNfkc}) {
    for (const bool fold : {false, true}) {
      const NormalizeOptions options{.unicode = form, .ignore_case = fold};
      for (Symbol c = 1; c < 0x11000; ++c) {
        if (c >= 0xD800 && c < 0xE000) continue;
        const std::string text = Utf8({c});
        ASSERT_EQ(Normalized(text, options), ByUtf8proc(text, options)) << std::hex << c;
      }
      for (int i = 0; i < 20000; ++i) {
        const Symbol starts[] = {0x20,   0xC0,   0x300,  0x400,  0x480,
                                 0x1100, 0x1160, 0x2010, 0x4E00, 0xAC00};
        Text text;
        for (int j = 0; j < 5; ++j) text.push_back(starts[random() % 10] + Symbol(random() % 0x60));
        ASSERT_EQ(Normalized(Utf8(text), options), ByUtf8proc(Utf8(text), options)) << Utf8(text);
      }
    }
  }
}

TEST(NormalizeTest, WhiteSpace) {
  const Text text = Normalized("\xE3\x80\x80 a \t\xC2\xA0 b\n");
  const SymbolSpan stripped = StripWhiteSpace(text);
  EXPECT_EQ(stripped.front(), 'a');
  EXPECT_EQ(stripped.back(), 'b');
  EXPECT_TRUE(StripWhiteSpace(Normalized(" \n")).empty());
  Text collapsed = text;
  CollapseWhiteSpace(collapsed);
  EXPECT_EQ(collapsed, Normalized(" a b "));
  EXPECT_FALSE(IsWhiteSpace(0x200B)) << "zero width space has no White_Space";
  // Every category Z* code point is white space, and nothing else beyond the controls.
  for (Symbol c = 0xA0; c < 0x110000; ++c) {
    const auto category = utf8proc_category(c);
    ASSERT_EQ(IsWhiteSpace(c), category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP)
        << std::hex << c;
  }
}

}  // namespace
}  // namespace vlmhb::metrics
