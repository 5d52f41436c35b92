#!/usr/bin/env bash
# headers_alone.sh INCLUDE_FOLDER: each header compiles alone, with warnings as errors; C headers as C11 and as C++20.
set -u
include=$1
checked=0 failed=0
try() {
  checked=$((checked + 1))
  printf "#include \"%s\"\ntypedef int one_declaration;\n" "$header" | "$@" -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "$include" - ||
    { failed=$((failed + 1)); echo "$header: does not compile alone with: $*"; }
}
for compiler in gcc clang; do
  command -v "$compiler" > /dev/null || { echo "no $compiler here: not checked with it"; continue; }
  for header in $(cd "$include" && find vhost -maxdepth 1 -name '*.h' | sort); do
    try "$compiler" -x c -std=c11
    try "$compiler" -x c++ -std=c++20
  done
  for header in $(cd "$include" && find vhost/cpp -name '*.hpp' | sort); do
    try "$compiler" -x c++ -std=c++20
  done
done
echo "$checked compilations, $failed failed"
[ "$checked" -gt 50 ] && [ "$failed" -eq 0 ]
