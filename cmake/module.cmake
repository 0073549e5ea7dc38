# sluice_module(<name> USES <modules...> LIBRARIES <outside...> [PRIVATE_LIBRARIES <outside...>])
#
# Declares the library of src/<name>/ from every .cc in it. USES is the row of the layer table in
# docs/architecture.md: linking nothing else is the first of the three locks that keep the layers.
function(sluice_module name)
  cmake_parse_arguments(ARG "" "" "USES;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cc)
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.h)
  if(NOT sources)
    add_library(sluice_${name} INTERFACE)
    target_link_libraries(sluice_${name} INTERFACE sluice_flags ${ARG_LIBRARIES})
    set(scope INTERFACE)
  else()
    add_library(sluice_${name} STATIC ${sources})
    target_link_libraries(sluice_${name} PUBLIC sluice_flags Threads::Threads ${ARG_LIBRARIES})
    set(scope PUBLIC)
    sluice_precompile(sluice_${name} src)
  endif()
  foreach(used ${ARG_USES})
    target_link_libraries(sluice_${name} ${scope} sluice_${used})
  endforeach()
  set_property(GLOBAL APPEND PROPERTY SLUICE_MODULES ${name})
  # The third lock: every header compiles alone (built by the target all_headers, which the tests depend on).
  set_property(GLOBAL APPEND PROPERTY SLUICE_HEADERS ${headers})
endfunction()

# sluice_module_test(<name> [LIBRARIES <extra...>]): tests/<name>/*_test.cc as one binary that links
# only that module (and what it may use) and the test support library.
function(sluice_module_test name)
  cmake_parse_arguments(ARG "" "" "LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${name}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${name}_test ${sources})
  target_include_directories(${name}_test PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name}_test PRIVATE sluice_${name} sluice_test_support ${ARG_LIBRARIES}
    GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name}_test PRIVATE SLUICE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  sluice_precompile(${name}_test tests)
  add_test(NAME ${name} COMMAND ${name}_test)
endfunction()
