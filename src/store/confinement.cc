#include "store/confinement.h"

#include <fmt/format.h>

#include <charconv>

#include "base/text.h"

namespace vlmhb::store {
namespace {

constexpr std::string_view kFile = "confinement.json";
constexpr std::string_view kSchema = "vlmhb.confinement/1";
constexpr size_t kMaxBytes = 4096;

template <typename Number>
void Parse(std::string_view text, Number& number, int base = 10) {
  std::from_chars(text.data(), text.data() + text.size(), number, base);
}

}  // namespace

Confinement ParseProcStatus(std::string_view text) {
  Confinement confinement;
  for (const std::string_view line : Split(text, '\n')) {
    const size_t colon = line.find(':');
    if (colon == line.npos) continue;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = Trim(line.substr(colon + 1));
    if (name == "Uid") Parse(value, confinement.uid);  // the real one comes first
    if (name == "CapBnd") Parse(value, confinement.capabilities, 16);
    if (name == "NoNewPrivs") confinement.no_new_privileges = value == "1";
    if (name == "Seccomp") confinement.syscalls_filtered = value == "2";
  }
  return confinement;
}

json::object ConfinementToJson(const Confinement& confinement) {
  return {{"uid", confinement.uid},
          {"no_new_privileges", confinement.no_new_privileges},
          {"syscalls_filtered", confinement.syscalls_filtered},
          {"capabilities", fmt::format("{:016x}", confinement.capabilities)},
          {"landlock", confinement.landlock}};
}

Result<void> WriteConfinement(const os::Path& folder, const Confinement& confinement) {
  json::object object = ConfinementToJson(confinement);
  object["schema"] = kSchema;
  return os::WriteFileAtomic(folder / kFile, ToPrettyJson(object));
}

std::optional<Confinement> ReadConfinement(const os::Path& folder) {
  const Result<std::string> text = os::ReadUntrustedFile(folder / kFile, kMaxBytes);
  if (!text.ok()) return std::nullopt;
  const Result<json::value> value = ParseJson(*text);
  if (!value.ok() || !value->is_object()) return std::nullopt;
  const json::object& object = value->get_object();
  if (FindString(object, "schema") != kSchema) return std::nullopt;
  Confinement confinement{.uid = FindInt(object, "uid", -1),
                          .no_new_privileges = FindBool(object, "no_new_privileges", false),
                          .syscalls_filtered = FindBool(object, "syscalls_filtered", false),
                          .landlock = FindInt(object, "landlock", 0)};
  Parse(FindString(object, "capabilities"), confinement.capabilities, 16);
  return confinement;
}

}  // namespace vlmhb::store
