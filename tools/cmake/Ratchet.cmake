# Compiler rules, third-party packages and the three ways to declare a target of this project.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR "GCC ${CMAKE_CXX_COMPILER_VERSION} silently miscompiles coroutines; "
                      "use a preset (clang++-19; `tools/setup` installs it).")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(RATCHET_SANITIZE "" CACHE STRING "value of -fsanitize=, or empty")
option(RATCHET_FUZZ "Instrument store and engine for libFuzzer and build its targets" OFF)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Wshadow
                    -Wnon-virtual-dtor -Werror -fstack-protector-strong)
# The build id is what the log names a build by (tools/ratchetd/build_id.h).
add_link_options(-fuse-ld=lld -Wl,--build-id=sha1)
if(RATCHET_SANITIZE)
  add_compile_options(-fsanitize=${RATCHET_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${RATCHET_SANITIZE})
else()
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Protobuf REQUIRED)
find_package(RocksDB REQUIRED)
if(RocksDB_VERSION VERSION_LESS 7.8)
  message(FATAL_ERROR "RocksDB ${RocksDB_VERSION} is too old: 7.8 or newer is needed")
endif()
find_package(Boost 1.83 CONFIG REQUIRED)
find_package(date CONFIG REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()
find_package(CLI11 REQUIRED)
find_package(GTest REQUIRED)
include(GoogleTest)
include(Precompiled)

# ratchet_library(NAME SOURCES a.cc … LIBS …): a static library; includes are written from the root.
function(ratchet_library name)
  cmake_parse_arguments(A "" "" "SOURCES;LIBS" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  target_include_directories(${name} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>")
  target_link_libraries(${name} PUBLIC ${A_LIBS})
  ratchet_precompile(${name} ${A_LIBS})
endfunction()

# What fuzzers run must tell them which way it went; for every other program that is idle. It is
# another way to compile, for which nothing is precompiled.
macro(ratchet_instrument_for_fuzzers)
  if(RATCHET_FUZZ)
    set(RATCHET_PRECOMPILED "")
    add_compile_options(-fsanitize=fuzzer-no-link)
  endif()
endmacro()

# ratchet_program(NAME SOURCES a.cc … LIBS …): a program in build/<preset>/bin.
function(ratchet_program name)
  cmake_parse_arguments(A "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${A_LIBS})
  ratchet_precompile(${name} ${A_LIBS})
endfunction()

# What other files include and no checkout has.
add_custom_target(generated_code)

# The programs of these tests, so that a sanitizer's build makes no others.
add_custom_target(inprocess_tests)
add_custom_target(threads_tests)

# ratchet_test(NAME SOURCES a_test.cc … LIBS … LABELS fast …): GoogleTest cases, one ctest each;
# with TOGETHER all in one, because they share what takes long to make.
# Labels: fast (in `tools/test -L fast`), inprocess (run under ASan), threads (run under TSan), e2e.
function(ratchet_test name)
  cmake_parse_arguments(A "TOGETHER" "TIMEOUT" "SOURCES;LIBS;LABELS" ${ARGN})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  if(RATCHET_SANITIZE)  # what takes a second takes many there
    math(EXPR A_TIMEOUT "4 * ${A_TIMEOUT}")
  endif()
  ratchet_program(${name} SOURCES ${A_SOURCES} LIBS ${A_LIBS} GTest::gtest_main GTest::gmock)
  foreach(label IN ITEMS inprocess threads)
    if(label IN_LIST A_LABELS)
      add_dependencies(${label}_tests ${name})
    endif()
  endforeach()
  if(A_TOGETHER)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${A_TIMEOUT} LABELS "${A_LABELS}")
    return()
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT ${A_TIMEOUT})
  # gtest_discover_tests would keep the first of several labels only.
  set(labels "${CMAKE_CURRENT_BINARY_DIR}/${name}_labels.cmake")
  file(WRITE "${labels}" "if(${name}_TESTS)\n  set_tests_properties(\${${name}_TESTS} "
                         "PROPERTIES LABELS \"${A_LABELS}\")\nendif()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${labels}")
endfunction()
