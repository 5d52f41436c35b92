# vhost_check_plugin(NAME [SET component.key=value...] [OPTIONS option...]): a test, check_NAME, that runs `vhost plugin check`
# on the package that vhost_add_plugin(NAME ...) builds. SET gives parameters for the checks, e.g. a dataset's list; OPTIONS are
# more of the command's. Call enable_testing() before it.
#
# The program is VHOST_PROGRAM if that is set, else `vhost` beside this SDK or on the PATH. Without one the test is skipped.

function(vhost_check_plugin name)
  cmake_parse_arguments(ARG "" "" "SET;OPTIONS" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS OR NOT TARGET plugin_${name})
    message(FATAL_ERROR "vhost_check_plugin(${name}): want a plugin that vhost_add_plugin has added, got also: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  get_target_property(folder plugin_${name} VHOST_PACKAGE)
  find_program(VHOST_PROGRAM vhost HINTS "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../../../bin")
  set(settings)
  foreach(setting IN LISTS ARG_SET)
    list(APPEND settings --set "${setting}")
  endforeach()
  if(VHOST_PROGRAM)
    add_test(NAME check_${name} COMMAND "${VHOST_PROGRAM}" plugin check "${folder}" ${settings} ${ARG_OPTIONS})
  else()
    add_test(NAME check_${name} COMMAND "${CMAKE_COMMAND}" -E echo "skipped: no vhost program; set VHOST_PROGRAM")
    set_tests_properties(check_${name} PROPERTIES SKIP_REGULAR_EXPRESSION "^skipped:")
  endif()
  set_tests_properties(check_${name} PROPERTIES TIMEOUT 1800)
endfunction()
