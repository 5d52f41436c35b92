#!/usr/bin/env bash
# headers_alone.sh INCLUDE_FOLDER: each header compiles alone, with warnings as errors; C headers as C11 and as C++20.
set -u
include=$1
jobs=$(mktemp)
trap 'rm -f "$jobs"' EXIT
for compiler in gcc clang; do
  command -v "$compiler" > /dev/null || { echo "no $compiler here: not checked with it"; continue; }
  (cd "$include" && find vhost -maxdepth 1 -name '*.h' | sed "s/^/$compiler c c11 /") >> "$jobs"
  (cd "$include" && find vhost -name '*.h*' | sed "s/^/$compiler c++ c++20 /") >> "$jobs"
done
try() { # COMPILER LANGUAGE STANDARD HEADER
  printf '#include "%s"\ntypedef int one_declaration;\n' "$4" |
    "$1" -x "$2" -std="$3" -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "$include" - ||
    { echo "$4 does not compile alone as $3 with $1"; return 1; }
}
export -f try
export include
xargs -P "$(nproc)" -L 1 bash -c 'try "$@"' _ < "$jobs"
status=$?
echo "$(wc -l < "$jobs") compilations"
[ "$(wc -l < "$jobs")" -gt 50 ] && [ "$status" -eq 0 ]
