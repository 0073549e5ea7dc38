# Precompiled headers: the standard library and fmt for src/, GoogleTest on top for tests/. Only headers that most
# files include; nothing of ours, so that editing a header rebuilds what includes it and no more. The target
# all_headers compiles without them, which keeps every header's own #include lines honest.
option(SLUICE_PRECOMPILED "Precompile the standard library's and GoogleTest's headers" ON)

set(sluice_precompiled_headers
  <algorithm> <array> <atomic> <charconv> <chrono> <cmath> <coroutine> <cstdint> <deque> <expected> <functional> <map>
  <memory> <optional> <span> <stop_token> <string> <string_view> <unordered_map> <utility> <variant> <vector>
  <fmt/format.h>)

# sluice_precompile(<target> src|tests): the first target of a kind owns the precompiled header, the rest reuse it.
# One each, because libraries are compiled with -fPIC and executables with -fPIE.
function(sluice_precompile target kind)
  if(NOT SLUICE_PRECOMPILED)
    return()
  endif()
  if(NOT TARGET sluice_precompiled_${kind})
    set(unit ${CMAKE_BINARY_DIR}/precompiled/${kind}.cc)
    file(CONFIGURE OUTPUT ${unit} CONTENT "int main() {}\n")
    if(kind STREQUAL "tests")
      add_executable(sluice_precompiled_tests EXCLUDE_FROM_ALL ${unit})
      target_link_libraries(sluice_precompiled_tests PRIVATE GTest::gmock)
      set(extra <gmock/gmock.h> <gtest/gtest.h>)
    else()
      add_library(sluice_precompiled_src STATIC EXCLUDE_FROM_ALL ${unit})
    endif()
    target_link_libraries(sluice_precompiled_${kind} PRIVATE sluice_flags Threads::Threads fmt::fmt)
    target_precompile_headers(sluice_precompiled_${kind} PRIVATE ${sluice_precompiled_headers} ${extra})
    # ccache compares contents, so the time of a header's last change must not be part of the result.
    target_compile_options(sluice_precompiled_${kind} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
  target_precompile_headers(${target} REUSE_FROM sluice_precompiled_${kind})
  target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
endfunction()
