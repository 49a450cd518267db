#include "store/result.h"

#include <fmt/format.h>

#include "base/json.h"
#include "os/file_hash.h"

namespace vlmhb::store {
namespace {

constexpr std::string_view kSchema = "vlmhb.result/1";
constexpr size_t kMaxResultBytes = 1u << 20;

Result<StageResult> Parse(std::string_view text) {
  VLMHB_ASSIGN(const json::value value, ParseJson(text));
  if (!value.is_object()) return Error(ErrorCode::kCorrupt, "not a JSON object");
  const json::object& object = value.get_object();
  VLMHB_ASSIGN(const std::string schema, GetString(object, "schema"));
  if (schema != kSchema)
    return Error(ErrorCode::kUnsupported, fmt::format("schema '{}', expected {}", schema, kSchema));
  StageResult result;
  VLMHB_ASSIGN(result.identity, GetString(object, "identity"));
  VLMHB_ASSIGN(const json::object counts, GetObject(object, "counts"));
  for (const auto& [key, field] : {std::pair<std::string_view, uint64_t*>{"total", &result.total},
                                   {"ok", &result.ok},
                                   {"failed", &result.failed}}) {
    VLMHB_ASSIGN(const int64_t count, GetInt(counts, key));
    if (count < 0) return Error(ErrorCode::kCorrupt, fmt::format("count '{}' is negative", key));
    *field = static_cast<uint64_t>(count);
  }
  VLMHB_ASSIGN(const json::object files, GetObject(object, "files"));
  for (const auto& file : files) {
    VLMHB_ASSIGN(result.files[std::string(file.key())], GetString(files, file.key()));
  }
  result.vlmhb_version = FindString(object, "vlmhb_version");
  result.started_at = FindString(object, "started_at");
  result.finished_at = FindString(object, "finished_at");
  return result;
}

}  // namespace

Result<void> WriteResult(const os::Path& folder, StageResult result,
                         const std::vector<std::string>& files) {
  for (const std::string& name : files) {
    VLMHB_ASSIGN(result.files[name], os::Sha256OfFile(folder / name));
  }
  json::object digests;
  for (const auto& [name, digest] : result.files) digests[name] = digest;
  const json::object object{
      {"schema", kSchema},
      {"identity", result.identity},
      {"status", result.status()},
      {"counts", {{"total", result.total}, {"ok", result.ok}, {"failed", result.failed}}},
      {"files", digests},
      {"vlmhb_version", VLMHB_VERSION},
      {"started_at", result.started_at},
      {"finished_at", result.finished_at}};
  return os::WriteFileAtomic(folder / kResultFile, ToPrettyJson(object));
}

Result<std::optional<StageResult>> ReadResult(const os::Path& folder) {
  const os::Path path = folder / kResultFile;
  Result<std::string> text = os::ReadUntrustedFile(path, kMaxResultBytes);
  if (!text.ok() && text.error().code() == ErrorCode::kNotFound)
    return std::optional<StageResult>();
  if (!text.ok()) return std::move(text).error();
  Result<StageResult> result = Parse(*text);
  if (!result.ok()) return std::move(result).error().With(fmt::format("reading {}", path.string()));
  return std::optional<StageResult>(std::move(result).value());
}

}  // namespace vlmhb::store
