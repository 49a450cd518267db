#include "packages/lock_file.h"

namespace vlmhb::packages {
namespace {

constexpr size_t kMaxBytes = 64u << 20;

Result<json::value> ReadJson(const os::Path& file) {
  VLMHB_ASSIGN(const std::string text, os::ReadUntrustedFile(file, kMaxBytes));
  return ParseJson(text);
}

Result<LockFile> ReadLocks(const os::Path& file) {
  VLMHB_ASSIGN(const json::value value, ReadJson(file));
  return LockFileFromJson(value);
}

}  // namespace

Result<LockFile> ReadLockFile(const os::Path& file) {
  Result<LockFile> locks = ReadLocks(file);
  if (locks.ok()) return locks;
  return std::move(locks).error().With("reading " + file.string() +
                                       "; to do: take the file back from version control, or "
                                       "remove it and let vlmhb env lock CONFIG "
                                       "write it again");
}

Result<void> WriteLockFile(const os::Path& file, const LockFile& locks) {
  return os::WriteFileAtomic(file, ToPrettyJson(LockFileToJson(locks)));
}

Result<Lock> ReadLock(const os::Path& file) {
  VLMHB_ASSIGN(const json::value value, ReadJson(file));
  return LockFromJson(value);
}

Result<void> WriteLock(const os::Path& file, const Lock& lock) {
  return os::WriteFileAtomic(file, ToPrettyJson(LockToJson(lock)));
}

Result<Interpreter> ReadInterpreter(const os::Path& file) {
  VLMHB_ASSIGN(const json::value value, ReadJson(file));
  return InterpreterFromJson(value.is_object() ? value.get_object() : json::object());
}

Result<void> WriteInterpreter(const os::Path& file, const Interpreter& interpreter) {
  return os::WriteFileAtomic(file, ToPrettyJson(InterpreterToJson(interpreter)));
}

}  // namespace vlmhb::packages
