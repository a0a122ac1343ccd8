# What `cmake --install` brings to other programs: store/ and engine/ as find_package(Ratchet).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(RATCHET_INCLUDE_DIR "${CMAKE_INSTALL_INCLUDEDIR}/ratchet")
set(RATCHET_PROTO_DIR "${CMAKE_INSTALL_DATADIR}/ratchet/proto")
set(RATCHET_TOOL_DIR "${CMAKE_INSTALL_DATADIR}/ratchet/tools")
set(RATCHET_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/Ratchet")

# All that is installed, and no more: cmake --build --preset release --target library
add_custom_target(library)

# ratchet_install(SET TARGET NAME…): TARGET is Ratchet::NAME to others, here and installed.
function(ratchet_install set)
  while(ARGN)
    list(POP_FRONT ARGN target name)
    add_library(Ratchet::${name} ALIAS ${target})
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
    add_dependencies(library ${target})
    target_compile_features(${target} PUBLIC cxx_std_20)
    target_include_directories(${target} INTERFACE "$<INSTALL_INTERFACE:${RATCHET_INCLUDE_DIR}>")
    install(TARGETS ${target} EXPORT Ratchet${set} ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  endwhile()
endfunction()

# ratchet_install_headers(PRIVATE a.h …): all headers of this folder but those.
function(ratchet_install_headers)
  cmake_parse_arguments(A "" "" "PRIVATE" ${ARGN})
  set(private "")
  foreach(header IN LISTS A_PRIVATE)
    list(APPEND private PATTERN "${header}" EXCLUDE)
  endforeach()
  cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME folder)
  install(DIRECTORY . DESTINATION "${RATCHET_INCLUDE_DIR}/${folder}" FILES_MATCHING PATTERN "*.h"
          PATTERN "ratchet" EXCLUDE ${private})
endfunction()

function(ratchet_install_package)
  foreach(set IN ITEMS Targets AsioTargets WindowsTargets)
    install(EXPORT Ratchet${set} NAMESPACE Ratchet:: DESTINATION "${RATCHET_CMAKE_DIR}")
  endforeach()
  set(here "${PROJECT_SOURCE_DIR}/tools/cmake")
  configure_package_config_file("${here}/RatchetConfig.cmake.in" RatchetConfig.cmake
                                INSTALL_DESTINATION "${RATCHET_CMAKE_DIR}"
                                PATH_VARS RATCHET_PROTO_DIR RATCHET_TOOL_DIR)
  write_basic_package_version_file(RatchetConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES "${CMAKE_CURRENT_BINARY_DIR}/RatchetConfig.cmake"
                "${CMAKE_CURRENT_BINARY_DIR}/RatchetConfigVersion.cmake"
          DESTINATION "${RATCHET_CMAKE_DIR}")
  install(PROGRAMS "${PROJECT_SOURCE_DIR}/tools/lint" DESTINATION "${RATCHET_TOOL_DIR}")
endfunction()
