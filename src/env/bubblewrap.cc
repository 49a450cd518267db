#include "env/bubblewrap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>

#include "base/text.h"
#include "os/seccomp.h"

namespace vlmhb::env {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSystemFolders[] = {"/bin", "/lib", "/lib32", "/lib64", "/libx32", "/sbin"};
// Never all of /etc: it holds keys, passwords and the names of people.
constexpr const char* kSystemFiles[] = {"/etc/alternatives", "/etc/fonts",
                                        "/etc/ld.so.cache",  "/etc/ld.so.conf",
                                        "/etc/ld.so.conf.d", "/etc/localtime"};
constexpr const char* kNetworkFiles[] = {"/etc/ca-certificates",
                                         "/etc/ca-certificates.conf",
                                         "/etc/hosts",
                                         "/etc/nsswitch.conf",
                                         "/etc/pki",
                                         "/etc/resolv.conf",
                                         "/etc/ssl/certs",
                                         "/etc/ssl/openssl.cnf"};

constexpr char kPasswd[] = "nobody:x:65534:65534:nobody:/tmp:/bin/sh\n";
constexpr char kGroup[] = "nogroup:x:65534:\n";
constexpr char kHosts[] = "127.0.0.1 localhost\n::1 localhost\n";

constexpr char kOptOut[] = "or run without isolation: --sandbox none";

using Options = std::vector<std::string>;

void Add(Options& options, std::initializer_list<std::string> words) {
  options.insert(options.end(), words);
}

void AddSystem(Options& options, const HostSystem& host, Network network) {
  for (const std::string& folder : host.folders) Add(options, {"--ro-bind", folder, folder});
  for (const auto& [link, target] : host.links) Add(options, {"--symlink", target, link});
  for (const std::string& file : host.files) Add(options, {"--ro-bind", file, file});
  if (network == Network::kOutside)
    for (const std::string& file : host.network_files) Add(options, {"--ro-bind", file, file});
}

// The number of a descriptor that bwrap will read `content` from.
std::string AddFile(BubblewrapCall& call, std::string content) {
  const int fd = kFirstFileFd + static_cast<int>(call.files.size());
  call.files[fd] = std::move(content);
  return std::to_string(fd);
}

void AddMadeUpFiles(BubblewrapCall& call, Network network) {
  const auto add = [&](const char* path, const char* content) {
    Add(call.options, {"--ro-bind-data", AddFile(call, content), path});
  };
  add("/etc/passwd", kPasswd);
  add("/etc/group", kGroup);
  if (network == Network::kNone) add("/etc/hosts", kHosts);
}

void AddGpus(Options& options, const HostSystem& host, const std::vector<std::string>& ids) {
  if (ids.empty()) return;
  std::set<Path> devices;
  for (const os::Gpu& gpu : host.gpus)
    if (std::find(ids.begin(), ids.end(), gpu.id) != ids.end())
      for (Path& device : os::GpuDevices(gpu)) devices.insert(std::move(device));
  for (const Path& device : devices) Add(options, {"--dev-bind", device.string(), device.string()});
  Add(options, {"--ro-bind", "/sys", "/sys"});
}

std::string ReadSetting(const char* path) {
  const auto text = os::ReadFile(path, 4096);
  return text.ok() ? std::string(Trim(*text)) : "";
}

}  // namespace

HostSystem InspectHost() {
  HostSystem host{.folders = {"/usr"}};
  std::error_code ignored;
  for (const char* folder : kSystemFolders) {
    const fs::path target = fs::read_symlink(folder, ignored);
    if (!target.empty())
      host.links[folder] = target.string();
    else if (fs::is_directory(folder, ignored))
      host.folders.emplace_back(folder);
  }
  for (const char* file : kSystemFiles)
    if (fs::exists(file, ignored)) host.files.emplace_back(file);
  for (const char* file : kNetworkFiles)
    if (fs::exists(file, ignored)) host.network_files.emplace_back(file);
  if (auto filter = os::SandboxSyscallFilter(); filter.ok())
    host.syscall_filter = *std::move(filter);
  return host;
}

BubblewrapVersion ParseBubblewrapVersion(std::string_view text) {
  BubblewrapVersion version;
  const std::string terminated(text.substr(0, 64));
  if (std::sscanf(terminated.c_str(), "bubblewrap %5d.%5d.%5d", &version.major, &version.minor,
                  &version.patch) != 3)
    return {};
  return version;
}

BubblewrapCall PlanBubblewrap(const Path& program, BubblewrapVersion version,
                              const HostSystem& host, const EnvSpec& spec,
                              const std::vector<Mount>& mounts, const Command& command) {
  BubblewrapCall call;
  Options& options = call.options;
  const std::string user = std::to_string(kSandboxUser);
  Add(options, {"--unshare-all", "--unshare-user"});
  if (spec.network == Network::kOutside) Add(options, {"--share-net"});
  if (version >= BubblewrapVersion{0, 8}) Add(options, {"--disable-userns"});
  Add(options, {"--die-with-parent", "--new-session", "--uid", user, "--gid", user});
  Add(options, {"--hostname", "sandbox", "--cap-drop", "ALL", "--clearenv"});
  for (const auto& [name, value] : CompleteEnvironment(command.env, "/tmp", spec.gpu_ids))
    Add(options, {"--setenv", name, value});

  AddSystem(options, host, spec.network);
  AddMadeUpFiles(call, spec.network);
  const std::string tmp_bytes = std::to_string(spec.tmp_bytes);
  Add(options, {"--proc", "/proc", "--dev", "/dev"});
  AddGpus(options, host, spec.gpu_ids);
  Add(options,
      {"--size", tmp_bytes, "--tmpfs", "/dev/shm", "--size", tmp_bytes, "--tmpfs", "/tmp"});
  for (const Mount& mount : mounts)
    Add(options, {mount.access == Access::kReadOnly ? "--ro-bind" : "--bind", mount.host.string(),
                  mount.guest});
  Add(options, {"--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/"});
  Add(options, {"--chdir", "/tmp"});
  if (!host.syscall_filter.empty()) Add(options, {"--seccomp", AddFile(call, host.syscall_filter)});

  call.argv = {program.string(),          "--args", std::to_string(kOptionsFd), "--json-status-fd",
               std::to_string(kStatusFd), "--"};
  for (std::string& word : BehindShell(command.argv, kLogFd)) call.argv.push_back(std::move(word));
  return call;
}

std::vector<std::string> BehindShell(const std::vector<std::string>& argv, int log_fd) {
  std::string script = "exec \"$@\"";
  if (log_fd >= 0) script += fmt::format(" >&{0} 2>&{0} {0}>&-", log_fd);
  std::vector<std::string> words = {"/bin/sh", "-c", script, "sh"};
  words.insert(words.end(), argv.begin(), argv.end());
  return words;
}

NamespaceSettings ReadNamespaceSettings() {
  return {.unprivileged_userns_clone = ReadSetting("/proc/sys/kernel/unprivileged_userns_clone"),
          .apparmor_restrict_unprivileged_userns =
              ReadSetting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
          .max_user_namespaces = ReadSetting("/proc/sys/user/max_user_namespaces")};
}

std::string ExplainNoSandbox(std::string_view reason, const NamespaceSettings& settings) {
  std::string advice =
      "inside a container, allow it user namespaces (for instance docker run "
      "--security-opt seccomp=unconfined --security-opt systempaths=unconfined)";
  if (settings.max_user_namespaces == "0")
    advice = "allow user namespaces: sysctl -w user.max_user_namespaces=10000";
  else if (settings.unprivileged_userns_clone == "0")
    advice = "allow user namespaces: sysctl -w kernel.unprivileged_userns_clone=1";
  else if (settings.apparmor_restrict_unprivileged_userns == "1")
    advice =
        "allow bwrap user namespaces by an AppArmor profile, or all programs: sysctl -w "
        "kernel.apparmor_restrict_unprivileged_userns=0";
  return fmt::format("no sandbox can be made: {}. To do: {}; {}", Trim(reason), advice, kOptOut);
}

}  // namespace vlmhb::env
