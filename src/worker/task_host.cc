#include "worker/task_host.h"

#include <fmt/format.h>

#include "base/text.h"

namespace vlmhb::worker {
namespace {

constexpr size_t kMaxImages = 256;
constexpr size_t kMaxFields = 1000;

Error Bad(std::string_view why) {
  return Error(ErrorCode::kCorrupt, fmt::format("a sample of the task plug-in: {}", why));
}

std::string TextOf(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : ToCanonicalJson(value);
}

Result<TaskImage> ReadImage(const json::value& item, std::vector<std::string>& attachments) {
  if (item.is_string()) return TaskImage{.path = std::string(item.get_string())};
  const json::object* object = item.if_object();
  if (object == nullptr) return Bad("an image is neither a path nor an attachment");
  const int64_t index = FindInt(*object, "attachment", -1);
  if (index < 0 || static_cast<size_t>(index) >= attachments.size())
    return Bad(fmt::format("there is no attachment {}", index));
  return TaskImage{.bytes = attachments[static_cast<size_t>(index)]};
}

Result<void> ReadImages(const json::object& object, std::vector<std::string>& attachments,
                        TaskSample& sample) {
  const json::array* images = FindArray(object, "images");
  if (images == nullptr) return Bad("it has no list 'images'");
  if (images->size() > kMaxImages)
    return Bad(fmt::format("{} images, at most {} are possible", images->size(), kMaxImages));
  for (const json::value& item : *images) {
    VLMHB_ASSIGN(TaskImage image, ReadImage(item, attachments));
    sample.images.push_back(std::move(image));
  }
  return {};
}

Result<TaskSample> ReadSample(const json::value& item, std::vector<std::string>& attachments) {
  TaskSample sample;
  const json::object* object = item.if_object();
  if (object == nullptr) return Bad("it is not an object");
  sample.error = SanitizeUtf8(FindString(*object, "error"));
  if (!sample.error.empty()) return sample;
  VLMHB_TRY(ReadImages(*object, attachments, sample));
  sample.prompt = FindString(*object, "prompt");
  sample.system = FindString(*object, "system");
  sample.doc_class = FindString(*object, "doc_class");
  sample.question_type = FindString(*object, "question_type");
  if (const json::value* reference = object->if_contains("reference"); reference != nullptr)
    sample.reference = TextOf(*reference);
  const json::object* fields = FindObject(*object, "fields");
  if (fields == nullptr) return sample;
  if (fields->size() > kMaxFields) return Bad(fmt::format("it has {} fields", fields->size()));
  for (const auto& [name, value] : *fields) sample.fields.emplace_back(name, TextOf(value));
  return sample;
}

}  // namespace

Result<HelloReply> TaskHost::Start(const std::string& root) {
  VLMHB_ASSIGN(HelloReply hello, host_.Start());
  fields_ = FindStrings(host_.loaded().contains("fields") ? host_.loaded() : hello.capabilities,
                        "fields");
  VLMHB_ASSIGN(Message first, host_.Ask({{"type", "samples"}, {"root", root}}, "samples", "done"));
  VLMHB_TRY(Take(std::move(first)));
  return hello;
}

Result<void> TaskHost::Take(Message message) {
  ended_ = FindString(message.object, "type") == "done";
  samples_.clear();
  at_ = 0;
  if (ended_) return {};
  VLMHB_ASSIGN(samples_, GetArray(message.object, "samples"));
  message_ = std::move(message);
  return {};
}

Result<bool> TaskHost::Next(TaskSample& sample) {
  while (!ended_ && at_ == samples_.size()) {
    VLMHB_ASSIGN(Message more, host_.More("samples", "done"));
    VLMHB_TRY(Take(std::move(more)));
  }
  if (ended_) return false;
  VLMHB_ASSIGN(sample, ReadSample(samples_[at_++], message_.attachments));
  return true;
}

}  // namespace vlmhb::worker
