# Warnings, sanitizers, compiler cache and linker for this project's own targets: link against vhost_build. No global flags.
find_program(VHOST_CCACHE ccache)
if(VHOST_CCACHE)
  # Base and hash folder: work trees beside each other share what they compile.
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${VHOST_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_C_COMPILER_LAUNCHER})
endif()

add_library(vhost_build INTERFACE)
add_library(vhost::build ALIAS vhost_build)
target_compile_options(vhost_build INTERFACE -Wall -Wextra $<$<BOOL:${VHOST_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(vhost_build INTERFACE -Wno-restrict)  # false alarms on "text" + std::string (GCC bug 105651)
endif()
find_program(VHOST_MOLD mold)
if(VHOST_MOLD)
  target_link_options(vhost_build INTERFACE -fuse-ld=mold)
endif()
if(VHOST_ASSERT)
  target_compile_options(vhost_build INTERFACE -UNDEBUG)
  target_compile_definitions(vhost_build INTERFACE VHOST_ASSERT=1)
endif()
if(VHOST_SANITIZE)
  target_compile_options(vhost_build INTERFACE -fsanitize=${VHOST_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=undefined
    -Wno-maybe-uninitialized) # false alarms of GCC 12 on instrumented code, std::regex among it
  target_link_options(vhost_build INTERFACE -fsanitize=${VHOST_SANITIZE})
endif()

# vhost_layer(NAME [SOURCES...] [LINK...]): one layer of the host, a static library that sees only what it links.
function(vhost_layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(vhost_${name} STATIC ${ARG_SOURCES})
  add_library(vhost::${name} ALIAS vhost_${name})
  target_include_directories(vhost_${name} PUBLIC "${CMAKE_SOURCE_DIR}/host")
  target_link_libraries(vhost_${name} PUBLIC ${ARG_LINK} PRIVATE vhost::build)
  set_target_properties(vhost_${name} PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
endfunction()

# vhost_test(SUITE SOURCES... [LINK...] [LABELS...] [TIMEOUT seconds]): one Boost.Test program, one CTest per suite.
function(vhost_test suite)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
  if(NOT VHOST_TESTS)
    return()
  endif()
  add_executable(${suite} ${ARG_SOURCES})
  target_compile_definitions(${suite} PRIVATE BOOST_TEST_MODULE=${suite})
  target_compile_options(${suite} PRIVATE $<$<CONFIG:Release>:-O1>) # a suite's own code: what it tests keeps its optimisation
  target_link_libraries(${suite} PRIVATE ${ARG_LINK} Boost::unit_test_framework vhost::build)
  set_target_properties(${suite} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  add_test(NAME ${suite} COMMAND ${suite} --log_level=test_suite --color_output=no)
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set_tests_properties(${suite} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT} SKIP_RETURN_CODE 77
    ENVIRONMENT "VHOST_SOURCE_DIR=${CMAKE_SOURCE_DIR};VHOST_BUILD_DIR=${CMAKE_BINARY_DIR}")
endfunction()
