#include "packages/lock_file.h"

namespace vlmhb::packages {
namespace {

constexpr std::string_view kSchema = "vlmhb.locks/1";
constexpr size_t kMaxBytes = 64u << 20;

Result<json::value> ReadJson(const os::Path& file) {
  VLMHB_ASSIGN(const std::string text, os::ReadUntrustedFile(file, kMaxBytes));
  return ParseJson(text);
}

}  // namespace

Result<LockFile> ReadLockFile(const os::Path& file) {
  Result<json::value> value = ReadJson(file);
  if (!value.ok()) return std::move(value).error().With("reading " + file.string());
  const json::object* locks = nullptr;
  if (value->is_object() && FindString(value->get_object(), "schema") == kSchema)
    locks = FindObject(value->get_object(), "locks");
  if (locks == nullptr)
    return Error(ErrorCode::kCorrupt, file.string() + " is not a lock file of vlmhb");
  LockFile found;
  for (const auto& [key, lock] : *locks) {
    Result<Lock> parsed = LockFromJson(lock);
    if (!parsed.ok()) return std::move(parsed).error().With("reading " + file.string());
    found[std::string(key)] = *std::move(parsed);
  }
  return found;
}

Result<void> WriteLockFile(const os::Path& file, const LockFile& locks) {
  json::object object;
  for (const auto& [key, lock] : locks) object[key] = LockToJson(lock);
  return os::WriteFileAtomic(
      file, ToPrettyJson(json::object{{"schema", kSchema}, {"locks", std::move(object)}}));
}

Result<Lock> ReadLock(const os::Path& file) {
  VLMHB_ASSIGN(const json::value value, ReadJson(file));
  return LockFromJson(value);
}

Result<void> WriteLock(const os::Path& file, const Lock& lock) {
  return os::WriteFileAtomic(file, ToPrettyJson(LockToJson(lock)));
}

}  // namespace vlmhb::packages
