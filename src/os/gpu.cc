#include "os/gpu.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace vlmhb::os {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSharedDevices[] = {"nvidiactl", "nvidia-uvm", "nvidia-uvm-tools",
                                          "nvidia-modeset"};

bool IsGpuId(std::string_view text) {
  return text.starts_with("GPU-") && text.size() < 64 &&
         std::all_of(text.begin() + 4, text.end(),
                     [](unsigned char c) { return c == '-' || std::isxdigit(c) != 0; });
}

// "Model: \t\t NVIDIA H100" lines; nullopt without a valid id and minor number.
std::optional<Gpu> ParseInformation(std::string_view text) {
  Gpu gpu{.minor = -1};
  for (const std::string_view line : Split(text, '\n')) {
    const size_t colon = line.find(':');
    if (colon == line.npos) continue;
    const std::string_view name = Trim(line.substr(0, colon));
    const std::string_view value = Trim(line.substr(colon + 1));
    if (name == "Model") gpu.model = value;
    if (name == "GPU UUID" && IsGpuId(value)) gpu.id = value;
    if (name == "Bus Location") gpu.bus = value;
    if (name == "Device Minor") std::from_chars(value.begin(), value.end(), gpu.minor);
  }
  if (gpu.id.empty() || gpu.minor < 0) return std::nullopt;
  return gpu;
}

// "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.129.03  Thu Oct ...": the first word of
// numbers and points.
std::string ParseDriverVersion(std::string_view text) {
  for (const std::string_view word : Split(text.substr(0, text.find('\n')), ' ')) {
    const bool numbers = std::all_of(
        word.begin(), word.end(), [](unsigned char c) { return c == '.' || std::isdigit(c) != 0; });
    if (numbers && word.find('.') != word.npos) return std::string(word);
  }
  return "";
}

}  // namespace

GpuHost DetectGpus(const Path& proc, const Path& dev) {
  GpuHost host;
  const Path driver = proc / "driver" / "nvidia";
  if (const auto version = ReadFile(driver / "version", 4096); version.ok())
    host.driver = ParseDriverVersion(*version);
  std::error_code error;
  for (fs::directory_iterator at(driver / "gpus", error), end; !error && at != end;
       at.increment(error)) {
    const auto text = ReadFile(at->path() / "information", 1u << 16);
    std::optional<Gpu> gpu = text.ok() ? ParseInformation(*text) : std::nullopt;
    std::error_code ignored;
    if (gpu.has_value() && fs::exists(dev / fmt::format("nvidia{}", gpu->minor), ignored))
      host.gpus.push_back(*std::move(gpu));
  }
  std::sort(host.gpus.begin(), host.gpus.end(),
            [](const Gpu& a, const Gpu& b) { return a.bus < b.bus; });
  return host;
}

std::vector<Path> GpuDevices(const Gpu& gpu, const Path& dev) {
  std::vector<Path> devices = {dev / fmt::format("nvidia{}", gpu.minor)};
  std::error_code ignored;
  for (const char* name : kSharedDevices)
    if (fs::exists(dev / name, ignored)) devices.push_back(dev / name);
  return devices;
}

}  // namespace vlmhb::os
