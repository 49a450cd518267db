#include "docker/image_archive.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/json.h"

namespace vlmhb::docker {
namespace {

constexpr size_t kBlock = 512;
constexpr std::string_view kCreated = "2026-01-01T00:00:00Z";

// In the words of Go, which engines use.
constexpr std::string_view Architecture() {
#if defined(__x86_64__)
  return "amd64";
#elif defined(__aarch64__)
  return "arm64";
#elif defined(__riscv)
  return "riscv64";
#elif defined(__powerpc64__)
  return "ppc64le";
#elif defined(__s390x__)
  return "s390x";
#else
#error "name this architecture as Go does"
#endif
}

struct TarEntry {
  std::string_view name;  // folders end with '/'
  int mode = 0644;
  std::string_view content;
};

void Put(std::string& header, size_t at, std::string_view text) {
  header.replace(at, text.size(), text);
}

// POSIX ustar; owned by root, dated 1970.
void AppendEntry(std::string& tar, const TarEntry& entry) {
  std::string header(kBlock, '\0');
  Put(header, 0, entry.name);
  Put(header, 100, fmt::format("{:07o}", entry.mode));
  Put(header, 108, "0000000");
  Put(header, 116, "0000000");
  Put(header, 124, fmt::format("{:011o}", entry.content.size()));
  Put(header, 136, "00000000000");
  Put(header, 148, "        ");
  Put(header, 156, entry.name.ends_with('/') ? "5" : "0");
  Put(header, 257, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  Put(header, 148, fmt::format("{:06o}", sum) + '\0' + ' ');
  tar += header;
  tar += entry.content;
  tar.append((kBlock - entry.content.size() % kBlock) % kBlock, '\0');
}

void EndTar(std::string& tar) { tar.append(2 * kBlock, '\0'); }

std::string Layer() {
  std::string tar;
  AppendEntry(tar, {"data/", 0755, ""});
  AppendEntry(tar, {"dev/", 0755, ""});
  AppendEntry(tar, {"etc/", 0755, ""});
  AppendEntry(tar, {"etc/group", 0644, "root:x:0:\nnobody:x:65534:\n"});
  AppendEntry(tar, {"etc/passwd", 0644,
                    "root:x:0:0:root:/:/bin/false\n"
                    "nobody:x:65534:65534:nobody:/:/bin/false\n"});
  AppendEntry(tar, {"proc/", 0755, ""});
  AppendEntry(tar, {"sys/", 0755, ""});
  AppendEntry(tar, {"tmp/", 01777, ""});
  EndTar(tar);
  return tar;
}

std::string Config(const std::string& layer) {
  json::object config;
  config["Labels"] = json::object{{"vlmhb.image", kEmptyImageLabel}};
  json::object history;
  history["created"] = kCreated;
  history["created_by"] = "vlmhb";
  json::object image;
  image["architecture"] = Architecture();
  image["os"] = "linux";
  image["created"] = kCreated;
  image["config"] = std::move(config);
  image["history"] = json::array{std::move(history)};
  image["rootfs"] =
      json::object{{"type", "layers"}, {"diff_ids", json::array{"sha256:" + Sha256Hex(layer)}}};
  return ToCanonicalJson(image);
}

}  // namespace

std::string EmptyImageArchive() {
  const std::string layer = Layer();
  const std::string config = Config(layer);
  const std::string config_name = Sha256Hex(config) + ".json";
  json::object entry;
  entry["Config"] = config_name;
  entry["RepoTags"] = json::array{kEmptyImage};
  entry["Layers"] = json::array{"layer.tar"};
  const std::string manifest = ToCanonicalJson(json::array{std::move(entry)});

  std::string tar;
  AppendEntry(tar, {config_name, 0644, config});
  AppendEntry(tar, {"layer.tar", 0644, layer});
  AppendEntry(tar, {"manifest.json", 0644, manifest});
  EndTar(tar);
  return tar;
}

std::string EmptyImageId() { return "sha256:" + Sha256Hex(Config(Layer())); }

}  // namespace vlmhb::docker
