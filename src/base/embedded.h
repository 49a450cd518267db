#pragma once
// Files compiled into the program by cmake/Embed.cmake. A module that embeds files declares the
// function that returns them:
//
//   namespace vlmhb::embedded { std::span<const File> Registries(); }

#include <span>
#include <string_view>

namespace vlmhb::embedded {

struct File {
  std::string_view
      name;  // relative to the folder given to vlmhb_embed, for instance "models/a.yaml"
  std::string_view content;
};

}  // namespace vlmhb::embedded
