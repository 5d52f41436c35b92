// libhelper.so of package_libraries.cpp.
extern "C" __attribute__((visibility("default"))) int helper() {
  return 0;
}
