set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Precompiled headers and ccache go together only when ccache may ignore what they always change.
find_program(CCACHE ccache)
if(CCACHE)
  set(launcher ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Warnings are errors for our own code; system headers are exempt.
add_library(vlmhb_flags INTERFACE)
target_compile_options(vlmhb_flags INTERFACE -Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor
                       -Wno-missing-field-initializers -ffunction-sections -fdata-sections)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these falsely in inlined library code.
  target_compile_options(vlmhb_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized
                         -Wno-stringop-overflow -Wno-array-bounds -Wno-stringop-overread
                         -Wno-dangling-pointer -fpch-preprocess)
endif()
target_include_directories(vlmhb_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(vlmhb_flags INTERFACE FMT_HEADER_ONLY
                           VLMHB_VERSION="${PROJECT_VERSION}")
add_link_options(-Wl,--gc-sections)
if(VLMHB_SANITIZE)
  add_compile_options(-fsanitize=${VLMHB_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${VLMHB_SANITIZE})
endif()
