#include "wrapper/chat_request.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "wrapper/chat_reply.h"
#include "wrapper/memory.h"
#include "wrapper/options.h"

namespace vlmhb::wrapper {
namespace {

using testing::HasSubstr;

class ChatRequestTest : public testing::Test {
 protected:
  std::variant<ChatRequest, ApiError> Parse(std::string_view body) {
    return ParseChatRequest(body, "m", roots_);
  }
  // The error for a body with this messages array.
  ApiError ErrorOf(std::string_view body) {
    auto parsed = Parse(body);
    const auto* error = std::get_if<ApiError>(&parsed);
    EXPECT_NE(error, nullptr) << body;
    return error != nullptr ? *error : ApiError{};
  }
  std::variant<ChatRequest, ApiError> ParseImage(std::string_view url) {
    return Parse(ToJson(
        json::object{{"model", "m"},
                     {"messages",
                      {{{"role", "user"},
                        {"content", {{{"type", "image_url"}, {"image_url", {{"url", url}}}}}}}}}}));
  }
  json::object Image(std::string_view url) {
    auto parsed = ParseImage(url);
    const auto* error = std::get_if<ApiError>(&parsed);
    EXPECT_EQ(error, nullptr) << error->message;
    return std::get<ChatRequest>(parsed).messages[0].at("content").at(0).as_object();
  }
  ApiError ImageError(std::string_view url) {
    auto parsed = ParseImage(url);
    const auto* error = std::get_if<ApiError>(&parsed);
    EXPECT_NE(error, nullptr) << url;
    return error != nullptr ? *error : ApiError{};
  }

  os::TempFolder folder_;
  std::vector<os::Path> roots_;
};

TEST_F(ChatRequestTest, BecomesThePluginsFormAndParameters) {
  auto parsed = Parse(R"({"model":"m","stream":true,"stream_options":{"include_usage":true},"n":1,
      "max_completion_tokens":7,"temperature":0,"top_p":1,"seed":3,"stop":["a"],"user":"u","x":{"y":1},"logit_bias":null,
      "messages":[{"role":"system","content":"s"},
                  {"role":"user","content":[{"type":"text","text":"t"},
                    {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","detail":"low"}}]}]})");
  ASSERT_TRUE(std::holds_alternative<ChatRequest>(parsed)) << std::get<ApiError>(parsed).message;
  const ChatRequest& request = std::get<ChatRequest>(parsed);
  EXPECT_TRUE(request.stream);
  EXPECT_TRUE(request.include_usage);
  EXPECT_EQ(ToCanonicalJson(request.messages),
            R"([{"content":"s","role":"system"},{"content":[{"text":"t","type":"text"},)"
            R"({"data":"AAAA","media_type":"image/png","type":"image"}],"role":"user"}])");
  EXPECT_EQ(ToCanonicalJson(request.params),
            R"({"max_tokens":7,"seed":3,"stop":["a"],"temperature":0,"top_p":1,"x":{"y":1}})");
}

TEST_F(ChatRequestTest, RefusesWrongTypesAndNamesThePlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "not JSON"},
      {"[]", "not a JSON object"},
      {"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\xFF\"}]}", "not JSON"},
      {R"({"messages":[{"role":"user","content":"t"}]})", "model"},
      {R"({"model":7,"messages":[{"role":"user","content":"t"}]})", "model"},
      {R"({"model":"m"})", "messages"},
      {R"({"model":"m","messages":[]})", "messages"},
      {R"({"model":"m","messages":{}})", "messages"},
      {R"({"model":"m","messages":["t"]})", "messages[0]"},
      {R"({"model":"m","messages":[{"content":"t"}]})", "messages[0].role"},
      {R"({"model":"m","messages":[{"role":"tool","content":"t"}]})", "messages[0].role"},
      {R"({"model":"m","messages":[{"role":"user"}]})", "messages[0].content"},
      {R"({"model":"m","messages":[{"role":"user","content":7}]})", "messages[0].content"},
      {R"({"model":"m","messages":[{"role":"user","content":[7]}]})", "messages[0].content[0]"},
      {R"({"model":"m","messages":[{"role":"user","content":[{"type":"input_audio"}]}]})",
       "input_audio"},
      {R"({"model":"m","messages":[{"role":"user","content":[{"type":"text","text":1}]}]})",
       "messages[0].content[0].text"},
      {R"({"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":1}]}]})",
       "image_url"},
  };
  for (const auto& [body, mention] : cases) {
    const ApiError error = ErrorOf(body);
    EXPECT_EQ(error.status, 400) << body;
    EXPECT_EQ(error.code, "bad_request");
    EXPECT_FALSE(error.retryable);
    EXPECT_THAT(error.message, HasSubstr(mention));
  }
  EXPECT_EQ(ErrorOf(R"({"model":"other","messages":[{"role":"user","content":"t"}]})").status, 404);
}

TEST_F(ChatRequestTest, RefusesWrongParameters) {
  for (const char* member :
       {R"("stream":1)", R"("stream_options":{})", R"("n":2)", R"("n":"1")", R"("max_tokens":0)",
        R"("max_tokens":1.5)", R"("max_completion_tokens":"7")", R"("temperature":-1)",
        R"("temperature":"hot")", R"("top_p":0)", R"("top_p":1.01)", R"("seed":1.5)", R"("stop":1)",
        R"("stop":[1])", R"("stream":true,"stream_options":1)",
        R"("stream":true,"stream_options":{"include_usage":1})"}) {
    const ApiError error = ErrorOf(
        fmt::format(R"({{"model":"m","messages":[{{"role":"user","content":"t"}}],{}}})", member));
    EXPECT_EQ(error.status, 400) << member;
  }
}

TEST_F(ChatRequestTest, DeepNestingIsRefusedWithoutRecursion) {
  EXPECT_EQ(ErrorOf(std::string(1'000'000, '[')).status, 400);
  std::string deep = R"({"model":"m","x":)";
  for (int i = 0; i < 10'000; ++i) deep += R"({"a":)";
  EXPECT_EQ(ErrorOf(deep).status, 400);
}

TEST_F(ChatRequestTest, DataUris) {
  EXPECT_EQ(Image("data:image/svg+xml;base64,QQ==").at("media_type"), "image/svg+xml");
  EXPECT_EQ(Image("DATA:IMAGE/JPEG;BASE64,QQ==").at("data"), "QQ==");
  EXPECT_EQ(Image("data:image/png;charset=x;base64,QQ==").at("media_type"), "image/png");
  EXPECT_EQ(ImageError("data:image/png;base64,").code, "bad_image");
  for (const char* url :
       {"data:", "data:image/png;base64", "data:image/png,QQ==", "data:text/html;base64,QQ==",
        "data:image/;base64,QQ==", "data:image/;base64,", "data:;base64,QQ=="})
    EXPECT_EQ(ImageError(url).status, 400) << url;
}

TEST_F(ChatRequestTest, NothingIsFetchedFromANetwork) {
  for (const char* url : {"http://x/a.png", "HTTPS://x/a.png"})
    EXPECT_THAT(ImageError(url).message, HasSubstr("never come from a network"));
  for (const char* url : {"ftp://x/a.png", "", "a.png", "//x/a.png", "javascript:1"})
    EXPECT_EQ(ImageError(url).status, 400) << url;
}

TEST_F(ChatRequestTest, FilesOnlyBelowTheAllowedFolders) {
  const os::Path root = folder_.path() / "root";
  const os::Path other = folder_.path() / "other";
  std::filesystem::create_directories(root / "sub");
  std::filesystem::create_directories(other);
  ASSERT_TRUE(os::WriteFileAtomic(root / "sub/a b.png", "x").ok());
  ASSERT_TRUE(os::WriteFileAtomic(other / "secret.png", "x").ok());
  std::filesystem::create_symlink(other / "secret.png", root / "link.png");
  std::filesystem::create_directory_symlink(other, root / "linked");
  std::filesystem::create_directory_symlink(root, folder_.path() / "alias");
  const std::string inside = (root / "sub/a b.png").string();

  EXPECT_EQ(ImageError(inside).status, 400) << "no folder is allowed yet";
  roots_ = {folder_.path() / "nonexistent", root.string() + "/"};
  EXPECT_EQ(Image(inside).at("path").as_string(), inside);
  EXPECT_EQ(Image((root / "sub/../sub/a b.png").string()).at("path").as_string(), inside);
  EXPECT_EQ(Image("file://" + root.string() + "/sub/a%20b.png").at("path").as_string(), inside);
  EXPECT_EQ(Image("file://localhost" + root.string() + "/sub/a%20b.png").at("path").as_string(),
            inside);

  for (const std::string& url :
       {(other / "secret.png").string(), (root / "../other/secret.png").string(),
        "file://" + root.string() + "/%2e%2e/other/secret.png", (root / "link.png").string(),
        (root / "linked/secret.png").string(), root.string() + "x/a.png", "file://host" + inside,
        "file://" + root.string() + "/%00", "file://" + inside + "%2", std::string("/etc/passwd"),
        inside + std::string(1, '\0')}) {
    const ApiError error = ImageError(url);
    EXPECT_EQ(error.status, 400) << url;
  }
  EXPECT_EQ(ImageError((root / "missing.png").string()).code, "bad_image");
  EXPECT_EQ(ImageError((root / "sub").string()).code, "bad_image");

  roots_ = {folder_.path() / "alias"};
  EXPECT_EQ(Image((folder_.path() / "alias/sub/a b.png").string()).at("path").as_string(), inside);
}

TEST(ChatReply, ChunksAreJsonWithTheRoleInTheFirst) {
  const ChatReply reply("id", "m\"", 12);
  const json::value first = *ParseJson(reply.DeltaChunk("\"é\n", true));
  EXPECT_EQ(
      ToCanonicalJson(first),
      R"({"choices":[{"delta":{"content":"\"é\n","role":"assistant"},"finish_reason":null,)"
      R"("index":0}],"created":12,"id":"id","model":"m\"","object":"chat.completion.chunk"})");
  EXPECT_THAT(reply.DeltaChunk("x", false), testing::Not(HasSubstr("role")));
  EXPECT_THAT(reply.UsageChunk({.completion_tokens = 2}),
              HasSubstr(R"("usage":{"completion_tokens":2})"));
}

TEST(Memory, OfThisProcessAndOfStatusTexts) {
  const auto own = PeakMemoryOfTree(::getpid());
  ASSERT_TRUE(own.has_value());
  EXPECT_GT(*own, 1'000'000);
  EXPECT_FALSE(PeakMemoryOfTree(0x7fffffff).has_value());
  EXPECT_EQ(ParseHighWaterMark("Name:\tx\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n"), 2048 * 1024);
  for (const char* text : {"", "VmHWM:", "VmHWM: kB", "VmHWM: 12 MB", "VmHWM: x kB", "VmRSS: 1 kB"})
    EXPECT_FALSE(ParseHighWaterMark(text).has_value()) << text;
}

TEST(WrapperOptions, ReadsASpec) {
  const json::value spec = *ParseJson(
      R"({"schema":"vlmhb.wrapper/1","listen":"unix:/s","model":"m","command":["/p","-x"],
          "env":{"A":"b"},"load_params":{"k":1},"processes":3,"allow_file_roots":["/data"],
          "timeout_ms":5,"load_timeout_ms":6,"max_queue":7,"max_body_bytes":8192,"log":"/l"})");
  const Result<WrapperOptions> options = ParseWrapperOptions(spec.as_object(), {{"C", "d"}});
  ASSERT_TRUE(options.ok()) << options.error().ToString();
  EXPECT_EQ(options->listen.unix_path, "/s");
  EXPECT_EQ(options->command, (std::vector<std::string>{"/p", "-x"}));
  EXPECT_EQ(options->env, (std::map<std::string, std::string>{{"A", "b"}}));
  EXPECT_EQ(options->load_params.at("k"), 1);
  EXPECT_EQ(options->processes, 3);
  EXPECT_EQ(options->timeout, Millis(5));
  EXPECT_EQ(options->max_queue, 7u);
  EXPECT_EQ(options->log, "/l");

  json::object shorter = spec.as_object();
  shorter.erase("env");
  EXPECT_EQ(ParseWrapperOptions(shorter, {{"C", "d"}})->env.at("C"), "d");
}

TEST(WrapperOptions, NamesTheMemberThatIsWrong) {
  const json::object good = {
      {"schema", "vlmhb.wrapper/1"}, {"listen", "unix:/s"}, {"model", "m"}, {"command", {"/p"}}};
  ASSERT_TRUE(ParseWrapperOptions(good, {}).ok());
  const std::pair<const char*, json::value> cases[] = {
      {"schema", "vlmhb.wrapper/2"},
      {"listen", "0.0.0.0:1"},
      {"model", ""},
      {"command", json::array()},
      {"command", "/p"},
      {"env", {{"A", 1}}},
      {"load_params", 1},
      {"processes", 0},
      {"processes", "2"},
      {"timeout_ms", -1},
      {"max_queue", 1.5},
      {"allow_file_roots", {"relative"}},
      {"proceses", 2},
  };
  for (const auto& [member, value] : cases) {
    json::object spec = good;
    spec[member] = value;
    const Result<WrapperOptions> options = ParseWrapperOptions(spec, {});
    ASSERT_FALSE(options.ok()) << member;
    EXPECT_EQ(options.error().code(), ErrorCode::kInvalidConfig);
    const char* mention = std::string_view(member) == "listen" ? "0.0.0.0:1" : member;
    EXPECT_THAT(options.error().message(), HasSubstr(fmt::format("'{}'", mention)));
  }
}

}  // namespace
}  // namespace vlmhb::wrapper
