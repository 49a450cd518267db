#pragma once
// The image in which commands run that bring everything along (vlmhb is static and mounted): empty
// but for the folders that an engine mounts onto and names for the users root and nobody. The same
// bytes on every machine of an architecture. Pure.

#include <string>
#include <string_view>

namespace vlmhb::docker {

// Under this name the engine has it after Engine::LoadImage(EmptyImageArchive()). Podman says
// "docker.io/vlmhb/empty:1" or "localhost/vlmhb/empty:1" and finds it by this one too.
inline constexpr char kEmptyImage[] = "vlmhb/empty:1";
// The label "vlmhb.image" of the image has this value.
inline constexpr std::string_view kEmptyImageLabel = "empty";

// A docker-archive, for Engine::LoadImage.
std::string EmptyImageArchive();

// "sha256:…" of its configuration, by which engines name an image. Engines that store images in
// containerd name it by a manifest that they make themselves: there, look for kEmptyImage.
std::string EmptyImageId();

}  // namespace vlmhb::docker
