# vhost_add_plugin(NAME SOURCES file... [VERSION x.y.z] [LINK target...] [NO_INSTALL]): a plugin as vhost installs it, in
# <build>/plugins/NAME/<version>/: libNAME.so, plugin.json, README.md, manifests/, keymaps/. NO_INSTALL: `cmake --install` leaves it out.
#
# name, version, licence and description come from plugin.in.json beside the calling CMakeLists.txt, and "check", which
# `vhost plugin check` reads, and "extensions", which `vhost predict FOLDER` reads; VERSION, if given, must agree. plugin.json is written after linking from what the library itself says. A library that exports anything but
# vh_plugin_entry_v1 fails the build. The CMake target is plugin_NAME.

function(vhost_add_plugin name)
  cmake_parse_arguments(ARG "NO_INSTALL" "VERSION" "SOURCES;LINK" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS OR NOT ARG_SOURCES)
    message(FATAL_ERROR "vhost_add_plugin(${name}): want SOURCES file..., got also: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  set(about "${CMAKE_CURRENT_SOURCE_DIR}/plugin.in.json")
  if(NOT EXISTS "${about}")
    message(FATAL_ERROR "vhost_add_plugin(${name}): ${about} is missing; it holds name, version, licence, description")
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${about}")
  file(READ "${about}" text)
  foreach(key name version licence description)
    string(JSON about_${key} ERROR_VARIABLE problem GET "${text}" ${key})
    if(problem)
      message(FATAL_ERROR "${about}: ${problem}")
    endif()
  endforeach()
  string(JSON about_check ERROR_VARIABLE none GET "${text}" check) # optional: see docs/conformance.md
  if(none)
    set(about_check "")
  endif()
  string(REGEX REPLACE "[\r\n]+[ \t]*" " " about_check "${about_check}")
  string(JSON about_extensions ERROR_VARIABLE none GET "${text}" extensions) # optional: see docs/packages.md
  if(none)
    set(about_extensions "")
  endif()
  string(REGEX REPLACE "[\r\n]+[ \t]*" " " about_extensions "${about_extensions}")
  if(NOT about_name STREQUAL name OR (ARG_VERSION AND NOT about_version STREQUAL ARG_VERSION))
    message(FATAL_ERROR "${about} says ${about_name} ${about_version}, vhost_add_plugin says ${name} ${ARG_VERSION}")
  endif()

  set(target plugin_${name})
  if(NOT VHOST_PLUGIN_OUTPUT)  # where packages are laid out; tests keep theirs away from the shipped ones
    set(VHOST_PLUGIN_OUTPUT "${CMAKE_BINARY_DIR}/plugins")
  endif()
  set(folder "${VHOST_PLUGIN_OUTPUT}/${name}/${about_version}")
  add_library(${target} MODULE ${ARG_SOURCES})
  set_target_properties(${target} PROPERTIES VHOST_PACKAGE "${folder}" PREFIX "lib" OUTPUT_NAME "${name}" SUFFIX ".so"
    LIBRARY_OUTPUT_DIRECTORY "${folder}" C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON LINK_DEPENDS "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map")
  target_link_libraries(${target} PRIVATE vhost::sdk ${ARG_LINK})
  if(TARGET vhost::build)
    target_link_libraries(${target} PRIVATE vhost::build)
  endif()
  # Inline statics must not be shared between plugins: two versions of one plugin may be loaded at once.
  target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  target_link_options(${target} PRIVATE "LINKER:--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map" LINKER:--exclude-libs,ALL)
  if(NOT VHOST_SANITIZE)
    target_link_options(${target} PRIVATE LINKER:-z,defs -static-libgcc $<$<LINK_LANGUAGE:CXX>:-static-libstdc++>)
  endif()
  add_custom_command(TARGET ${target} POST_BUILD VERBATIM COMMENT "Writing plugin.json of ${name} ${about_version}"
    COMMAND vhost::describe "$<TARGET_FILE:${target}>" "${about_name}" "${about_version}" "${about_licence}"
            "${about_description}" "${folder}/plugin.json" "${about_check}" "${about_extensions}")

  # What else belongs to the package.
  file(GLOB extra CONFIGURE_DEPENDS RELATIVE "${CMAKE_CURRENT_SOURCE_DIR}" README.md CHANGELOG.md LICENSE manifests/* keymaps/*)
  set(copies)
  foreach(file IN LISTS extra)
    add_custom_command(OUTPUT "${folder}/${file}" DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${file}"
      COMMAND ${CMAKE_COMMAND} -E copy "${CMAKE_CURRENT_SOURCE_DIR}/${file}" "${folder}/${file}")
    list(APPEND copies "${folder}/${file}")
  endforeach()
  add_custom_target(${target}_files ALL DEPENDS ${copies})
  add_dependencies(${target} ${target}_files)
  if(NOT ARG_NO_INSTALL)
    install(DIRECTORY "${folder}" DESTINATION lib/vhost/plugins/${name})
  endif()
endfunction()
