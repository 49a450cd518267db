#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"

namespace vlmhb {
namespace {

Result<int> Half(int n) {
  if (n % 2 != 0) return Error(ErrorCode::kInvalidConfig, "odd");
  return n / 2;
}

Result<int> Quarter(int n) {
  VLMHB_ASSIGN(const int half, Half(n));
  auto quarter = Half(half);
  if (!quarter.ok()) return std::move(quarter).error().With("quartering");
  return quarter;
}

TEST(Result, CarriesValuesAndErrorsUpwards) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(7).error().ToString(), "odd");
  EXPECT_EQ(Quarter(6).error().ToString(), "odd (while quartering)");
}

TEST(Error, EveryCodeHasARow) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code)
    EXPECT_EQ(ErrorCodeFromName(ErrorCodeName(static_cast<ErrorCode>(code))),
              static_cast<ErrorCode>(code));
  EXPECT_EQ(ErrorCodeFromName("nonsense"), std::nullopt);
  EXPECT_EQ(ErrnoError(ENOSPC, "x").code(), ErrorCode::kNoSpace);
  EXPECT_EQ(ExitStatus(ErrorCode::kCancelled), 130);
}

TEST(Hash, MatchesPublishedVectors) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Crc32("123456789"), 0xCBF43926u);
  EXPECT_NE(Sha256().UpdateField("ab").UpdateField("c").HexDigest(),
            Sha256().UpdateField("a").UpdateField("bc").HexDigest());
}

TEST(Base64, MatchesRfc4648AndRefusesTheRest) {
  for (const auto& [plain, text] : std::vector<std::pair<std::string, std::string>>{
           {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(Base64Encode(plain), text);
    EXPECT_EQ(*Base64Decode(text), plain);
  }
  for (const char* bad : {"Zg=", "Z===", "Zm9v!A==", "=Zm9", "Zg==Zg=="})
    EXPECT_FALSE(Base64Decode(bad).ok()) << bad;
}

TEST(Json, CanonicalTextIgnoresKeyOrder) {
  EXPECT_EQ(ToCanonicalJson(*ParseJson(R"({"b":[{"y":1,"x":2}],"a":null})")),
            R"({"a":null,"b":[{"x":2,"y":1}]})");
}

TEST(Json, BadInputIsAnErrorNotAnException) {
  for (const std::string& bad : {std::string("{"), std::string("[1,]"), std::string("\"\xFF\""),
                                 std::string(1000, '['), std::string("1 2"), std::string()})
    EXPECT_FALSE(ParseJson(bad).ok());
}

TEST(Json, LookupsNameTheKey) {
  const json::object object = ParseJson(R"({"n":1,"s":"x"})")->get_object();
  EXPECT_EQ(*GetInt(object, "n"), 1);
  EXPECT_EQ(GetString(object, "n").error().message(), "key 'n' is not a string");
  EXPECT_EQ(GetArray(object, "z").error().message(), "key 'z' is missing (an array expected)");
}

TEST(Json, PrettyTextIsTheSameValue) {
  const std::string text = R"({"a":[1,{"b":"q\"\n"}],"c":{},"d":[],"e":1.5})";
  EXPECT_EQ(ToJson(*ParseJson(ToPrettyJson(*ParseJson(text)))), ToJson(*ParseJson(text)));
}

TEST(Clock, FormatsUtc) {
  EXPECT_EQ(FormatUtc(Nanos(1'700'000'000'123'000'000)), "2023-11-14T22:13:20.123Z");
}

}  // namespace
}  // namespace vlmhb
