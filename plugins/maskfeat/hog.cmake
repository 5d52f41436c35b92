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

# maskfeat_hog_cuda: the same on CUDA. The runtime is linked statically, so that the plugin loads where there is none.
if(VHOST_CUDA)
  find_package(CUDAToolkit REQUIRED)
  if(NOT CMAKE_CUDA_COMPILER)
    set(CMAKE_CUDA_COMPILER "${CUDAToolkit_NVCC_EXECUTABLE}")
  endif()
  if(NOT CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 90) # machine code for Hopper, and PTX for what comes after
  endif()
  enable_language(CUDA)
  add_library(maskfeat_hog_cuda STATIC src/hog_cuda.cu)
  target_compile_definitions(maskfeat_hog_cuda PUBLIC HOG_CUDA)
  target_compile_options(maskfeat_hog_cuda PRIVATE --expt-relaxed-constexpr -prec-sqrt=false)
  target_include_directories(maskfeat_hog_cuda PUBLIC src)
  target_link_libraries(maskfeat_hog_cuda PUBLIC CUDA::cudart_static)
  set_target_properties(maskfeat_hog_cuda PROPERTIES CUDA_STANDARD 17 CUDA_STANDARD_REQUIRED ON CUDA_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON CUDA_RUNTIME_LIBRARY Static)
endif()
