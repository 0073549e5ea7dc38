# Warnings, hardening and sanitizers, applied to every target of ours through sluice_flags.
add_library(sluice_flags INTERFACE)
target_compile_options(sluice_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wimplicit-fallthrough -Wunused-result -Wthread-safety -Wno-missing-field-initializers
  -fno-omit-frame-pointer -fstack-protector-strong -pthread)
if(SLUICE_WERROR)
  target_compile_options(sluice_flags INTERFACE -Werror)
endif()
target_compile_definitions(sluice_flags INTERFACE _GLIBCXX_ASSERTIONS)
if(NOT SLUICE_SANITIZE)
  target_compile_options(sluice_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
target_include_directories(sluice_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
# SSE4.2 (2008) carries the CRC32C instruction; the code checks for it at run time and has a table fallback.
add_link_options(-fuse-ld=lld -Wl,-z,relro -Wl,-z,now)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(SLUICE_SANITIZE STREQUAL "asan")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
elseif(SLUICE_SANITIZE STREQUAL "tsan")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
elseif(SLUICE_SANITIZE)
  message(FATAL_ERROR "SLUICE_SANITIZE is '${SLUICE_SANITIZE}'; it must be asan, tsan or empty")
endif()
if(SLUICE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
