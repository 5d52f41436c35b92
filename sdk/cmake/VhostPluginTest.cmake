# vhost_plugin_test(NAME SOURCES file... [LINK target...]): a program that tests the plugin NAME beside a stand-in for the
# host (vhost/cpp/testing.hpp). The built library's path is its only argument. The CTest is NAME_tests.

function(vhost_plugin_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS OR NOT ARG_SOURCES)
    message(FATAL_ERROR "vhost_plugin_test(${name}): want SOURCES file..., got also: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT TARGET plugin_${name})
    message(FATAL_ERROR "vhost_plugin_test(${name}): call vhost_add_plugin(${name} ...) first")
  endif()
  add_executable(${name}_tests ${ARG_SOURCES})
  target_link_libraries(${name}_tests PRIVATE vhost::sdk ${ARG_LINK} ${CMAKE_DL_LIBS})
  add_dependencies(${name}_tests plugin_${name})
  add_test(NAME ${name}_tests COMMAND ${name}_tests "$<TARGET_FILE:plugin_${name}>")
endfunction()
