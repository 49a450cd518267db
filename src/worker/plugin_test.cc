#include "worker/plugin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <new>
#include <thread>

#include "base/base64.h"
#include "os/file.h"
#include "os/process.h"

namespace vlmhb::worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Answers with the prompt, cut at '|'; special prompts fail in the ways a model can.
class EchoPlugin : public Plugin {
 public:
  Result<void> Load(const json::object& params) override {
    if (FindBool(params, "fail", false)) return Error(ErrorCode::kNotFound, "no language 'xyz'");
    return {};
  }

  Result<Finish> Generate(const GenerateRequest& request, const Emit& emit) override {
    VLMHB_ASSIGN(const Prompt prompt, ReadPrompt(request.messages));
    if (prompt.text == "throw") throw std::runtime_error("a library broke");
    if (prompt.text == "throw 5") throw 5;
    if (prompt.text == "memory") throw std::bad_alloc();
    if (prompt.text == "image") return Error(ErrorCode::kCorrupt, "not a PNG");
    if (prompt.text == "bytes") {
      VLMHB_TRY(emit("a\xFF"));
      return Finish{};
    }
    size_t begin = 0;
    while (begin < prompt.text.size()) {
      const size_t end = std::min(prompt.text.find('|', begin), prompt.text.size());
      VLMHB_TRY(emit(prompt.text.substr(begin, end - begin)));
      begin = end + 1;
    }
    return Finish{FinishReason::kLength, Usage{3, std::nullopt}};
  }
};

// What the plug-in answered to `input`, and how serving ended.
struct Conversation {
  std::vector<std::string> replies;
  std::optional<std::string> error;
};

// `input` must fit into a pipe's buffer.
Conversation Converse(const std::string& input) {
  auto to_plugin = os::MakePipe();
  auto from_plugin = os::MakePipe();
  EXPECT_TRUE(os::WriteAll(to_plugin->write.get(), input, "the pipe").ok());
  to_plugin->write.Reset();

  Conversation conversation;
  std::thread plugin([&] {
    EchoPlugin echo;
    const auto served =
        ServePlugin(echo, "echo", "1", to_plugin->read.get(), from_plugin->write.get());
    if (!served.ok()) conversation.error = served.error().ToString();
    from_plugin->write.Reset();
  });
  FrameDecoder decoder;
  char chunk[4096];
  ssize_t n = 0;
  while ((n = ::read(from_plugin->read.get(), chunk, sizeof chunk)) > 0)
    decoder.Feed({chunk, static_cast<size_t>(n)});
  plugin.join();
  while (true) {
    auto message = decoder.Next();
    EXPECT_TRUE(message.ok());
    if (!message.ok() || !message->has_value()) break;
    conversation.replies.push_back(ToJson(**message));
  }
  EXPECT_TRUE(decoder.empty());
  return conversation;
}

std::string Frame(const json::object& message) { return *EncodeFrame(message); }
std::string Loaded() { return Frame(ToMessage(LoadRequest{})); }

std::string Ask(int64_t id, std::string_view prompt) {
  GenerateRequest request;
  request.id = id;
  request.messages = {{{"role", "user"}, {"content", prompt}}};
  return Frame(ToMessage(request));
}

TEST(Plugin, AnswersInDeltasAndEndsOnShutdown) {
  const auto talk = Converse(Frame(ToMessage(HelloRequest{})) + Loaded() + Ask(7, "one |two") +
                             Frame(ToMessage(CancelRequest{7})) +
                             Frame(ToMessage(ShutdownRequest{})) + Ask(8, "never read"));
  EXPECT_THAT(
      talk.replies,
      ElementsAre(
          R"({"type":"hello","protocol":1,"kind":"model","name":"echo","version":"1"})",
          R"({"type":"loaded"})", R"({"type":"delta","id":7,"text":"one "})",
          R"({"type":"delta","id":7,"text":"two"})",
          R"({"type":"done","id":7,"finish_reason":"length","usage":{"prompt_tokens":3}})"));
  EXPECT_EQ(talk.error, std::nullopt);
}

TEST(Plugin, AFailedRequestLeavesTheNextOneUnharmed) {
  const auto talk = Converse(Loaded() + Ask(1, "throw") + Ask(2, "throw 5") + Ask(3, "memory") +
                             Ask(4, "image") + Ask(5, "x"));
  ASSERT_EQ(talk.replies.size(), 7u);
  EXPECT_THAT(talk.replies[1], HasSubstr(R"("id":1,"code":"internal")"));
  EXPECT_THAT(talk.replies[1], HasSubstr("a library broke"));
  EXPECT_THAT(talk.replies[2], HasSubstr(R"("id":2,"code":"internal")"));
  EXPECT_THAT(talk.replies[3], HasSubstr(R"("id":3,"code":"out_of_memory")"));
  EXPECT_THAT(talk.replies[4], HasSubstr(R"("id":4,"code":"bad_image","message":"not a PNG")"));
  EXPECT_EQ(talk.replies[5], R"({"type":"delta","id":5,"text":"x"})");
  EXPECT_EQ(talk.error, std::nullopt);
}

TEST(Plugin, WrongRequestsAreAnswered) {
  const auto talk = Converse(Ask(1, "too early") + Frame({{"type", "dance"}}) +
                             Frame({{"type", "generate"}, {"id", 2}}) +
                             Frame({{"type", "hello"}, {"protocol", 9}}) + Loaded() + Loaded());
  ASSERT_EQ(talk.replies.size(), 6u);
  EXPECT_THAT(talk.replies[0], HasSubstr(R"("id":1,"code":"bad_request")"));
  EXPECT_THAT(talk.replies[1], HasSubstr(R"("code":"unsupported")"));
  EXPECT_THAT(talk.replies[2], HasSubstr(R"("id":2,"code":"bad_request")"));
  EXPECT_THAT(talk.replies[3], HasSubstr(R"("code":"unsupported")"));
  EXPECT_EQ(talk.replies[4], R"({"type":"loaded"})");
  EXPECT_THAT(talk.replies[5], HasSubstr(R"("code":"bad_request")"));
}

TEST(Plugin, LoadMayBeTriedAgain) {
  const auto talk = Converse(Frame(ToMessage(LoadRequest{{{"fail", true}}})) + Loaded());
  ASSERT_EQ(talk.replies.size(), 2u);
  EXPECT_THAT(talk.replies[0], HasSubstr(R"("code":"load_failed","message":"no language 'xyz'")"));
  EXPECT_EQ(talk.replies[1], R"({"type":"loaded"})");
}

TEST(Plugin, IllFormedTextIsRepaired) {
  const auto talk = Converse(Loaded() + Ask(1, "bytes"));
  ASSERT_EQ(talk.replies.size(), 3u);
  EXPECT_EQ(talk.replies[1], "{\"type\":\"delta\",\"id\":1,\"text\":\"a\xEF\xBF\xBD\"}");
}

TEST(Plugin, ABrokenStreamEndsTheService) {
  EXPECT_THAT(Converse(std::string(4, '\xFF')).error.value_or(""), HasSubstr("a frame claims"));
  EXPECT_THAT(Converse(Loaded().substr(0, 9)).error.value_or(""), HasSubstr("inside of a frame"));
  EXPECT_EQ(Converse("").error, std::nullopt);
}

TEST(ReadImageBytes, FromAFileOrFromTheRequest) {
  const os::TempFolder folder;
  const os::Path file = folder.path() / "a.bin";
  std::ofstream(file) << "image";
  EXPECT_EQ(*ReadImageBytes({file.string(), "", ""}, 5), "image");
  EXPECT_EQ(ReadImageBytes({file.string(), "", ""}, 4).error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(ReadImageBytes({file.string() + "x", "", ""}, 5).error().code(), ErrorCode::kNotFound);

  EXPECT_EQ(*ReadImageBytes({"", "", Base64Encode("image")}, 5), "image");
  EXPECT_EQ(ReadImageBytes({"", "", Base64Encode("image...")}, 4).error().code(),
            ErrorCode::kCorrupt);
  EXPECT_EQ(ReadImageBytes({"", "", "*"}, 5).error().code(), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace vlmhb::worker
