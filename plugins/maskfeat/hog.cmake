# maskfeat_hog: the CPU kernel of HOG, in one file per instruction set, chosen at run time. Needs neither SDK nor host, so that tests and
# benchmarks of the kernels link it alone.
add_library(maskfeat_hog STATIC src/hog_cpu.cpp src/hog_rows.cpp)
set(hog_rows src/hog_rows.cpp)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  target_sources(maskfeat_hog PRIVATE src/hog_rows_avx2.cpp src/hog_rows_avx512.cpp)
  target_compile_definitions(maskfeat_hog PUBLIC HOG_X86)
  set_property(SOURCE src/hog_rows_avx2.cpp APPEND PROPERTY COMPILE_OPTIONS -mavx2)
  set_property(SOURCE src/hog_rows_avx512.cpp APPEND PROPERTY COMPILE_OPTIONS -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512)
  list(APPEND hog_rows src/hog_rows_avx2.cpp src/hog_rows_avx512.cpp)
endif()
# Optimised in every build; no fused products, so that every instruction set gives the same bits.
set_property(SOURCE ${hog_rows} APPEND PROPERTY COMPILE_OPTIONS -O3 -fno-math-errno -fno-trapping-math -ffp-contract=off)
target_include_directories(maskfeat_hog PUBLIC src)
target_link_libraries(maskfeat_hog PRIVATE vhost::build)
target_compile_options(maskfeat_hog PRIVATE $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
set_target_properties(maskfeat_hog PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
