# LibTorch from the PyPI wheel, CPU part only: vhost::torch. The wheel's own package file insists on a CUDA toolkit, which
# a CPU-only build doesn't need, so the three facts we use are stated here.
#   LIBTORCH_ROOT  folder of the `torch` Python package; default: the venv that tools/setup makes
if(NOT LIBTORCH_ROOT)
  set(cache_home "$ENV{XDG_CACHE_HOME}")
  if(NOT cache_home)
    set(cache_home "$ENV{HOME}/.cache")
  endif()
  file(GLOB candidates "${cache_home}/vhost/torch-2.11.0/lib/python3*/site-packages/torch")
  if(candidates)
    list(GET candidates 0 candidate)
    set(LIBTORCH_ROOT "${candidate}" CACHE PATH "Folder of the torch Python package")
  endif()
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch REQUIRED_VARS LIBTORCH_ROOT
  REASON_FAILURE_MESSAGE "run tools/setup, or pass -DLIBTORCH_ROOT=.../site-packages/torch, or -DVHOST_TORCH=OFF")
if(LibTorch_FOUND AND NOT TARGET vhost::torch)
  add_library(vhost_torch INTERFACE)
  add_library(vhost::torch ALIAS vhost_torch)
  target_include_directories(vhost_torch SYSTEM INTERFACE
    "${LIBTORCH_ROOT}/include" "${LIBTORCH_ROOT}/include/torch/csrc/api/include")
  target_link_libraries(vhost_torch INTERFACE "${LIBTORCH_ROOT}/lib/libtorch_cpu.so" "${LIBTORCH_ROOT}/lib/libc10.so")
  target_link_options(vhost_torch INTERFACE -Wl,--allow-shlib-undefined)
endif()
