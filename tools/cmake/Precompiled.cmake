# What most sources include is parsed once for each way of compiling, which halves what a test takes
# to compile. It is a cache and nothing else: every source includes what it uses, and clang-tidy,
# which runs without this (preset tidy), says where one does not.

# ratchet_precompiled(NAME HEADER h LIBS …): declares one; h holds includes of other projects only.
# Compile options of the folder it is declared in are those of all who use it.
function(ratchet_precompiled name)
  cmake_parse_arguments(A "" "HEADER" "LIBS" ${ARGN})
  set(header "${CMAKE_CURRENT_SOURCE_DIR}/${A_HEADER}")
  set(empty "${CMAKE_CURRENT_BINARY_DIR}/${name}.cc")
  file(CONFIGURE OUTPUT "${empty}" CONTENT "")
  add_library(${name} OBJECT "${empty}")
  target_link_libraries(${name} PRIVATE ${A_LIBS})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_precompile_headers(${name} PRIVATE "${header}")
  # It names its own folder, so that another checkout must not get it from the compiler cache …
  set_target_properties(${name} PROPERTIES UNITY_BUILD OFF CXX_COMPILER_LAUNCHER "")
  target_compile_options(${name} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
  # … but what is compiled with it may: the compiler cache looks at this sum in its place.
  set(precompiled "${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${name}.dir/cmake_pch.hxx.pch")
  set_target_properties(${name} PROPERTIES RATCHET_PRECOMPILED "${precompiled}")
  set(sum "${precompiled}.sum")
  set(text ${name}.text)
  add_custom_command(
    OUTPUT "${sum}" BYPRODUCTS ${text}
    COMMAND "${CMAKE_CXX_COMPILER}" -std=c++20 "-I${PROJECT_SOURCE_DIR}" -x c++-header -E -P -dD
            -MD -MF ${text}.d -MT "${sum}" -o ${text} "${header}"
    COMMAND "${CMAKE_COMMAND}" -E sha256sum ${text} > "${sum}"
    DEPENDS "${header}" DEPFILE "${CMAKE_CURRENT_BINARY_DIR}/${text}.d"
    WORKING_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}" VERBATIM)
  # Who depends on an object library may be compiled before it; not so with a command.
  add_custom_command(OUTPUT ${name}.made COMMAND "${CMAKE_COMMAND}" -E touch ${name}.made
                     DEPENDS "${sum}" $<TARGET_OBJECTS:${name}> VERBATIM)
  add_custom_target(${name}_made DEPENDS ${name}.made)
endfunction()

# ratchet_precompile(TARGET LIB…): with ${RATCHET_PRECOMPILED}; where a library brings Asio, with
# ${RATCHET_PRECOMPILED}_asio: whoever includes Asio's headers must be linked with it.
function(ratchet_precompile target)
  set(precompiled "${RATCHET_PRECOMPILED}")
  foreach(lib IN LISTS ARGN)
    if(TARGET ${lib})
      get_target_property(on_asio ${lib} RATCHET_ON_ASIO)
      if(on_asio)
        set_target_properties(${target} PROPERTIES RATCHET_ON_ASIO ON)
        string(REGEX REPLACE ".+" "\\0_asio" precompiled "${RATCHET_PRECOMPILED}")
      endif()
    endif()
  endforeach()
  if(precompiled AND NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
    # CMake's own REUSE_FROM names a folder of this checkout where the compiler cache does not see
    # that it is one.
    get_target_property(file ${precompiled} RATCHET_PRECOMPILED)
    target_compile_options(${target} PRIVATE "SHELL:-include-pch ${file}")
    add_dependencies(${target} ${precompiled}_made)
  endif()
endfunction()
