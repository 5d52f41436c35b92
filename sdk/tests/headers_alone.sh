#!/usr/bin/env bash
# headers_alone.sh INCLUDE_FOLDER: each header compiles alone with gcc and clang, warnings as errors; C headers as C11, C17 and
# C++20. Without one of the compilers the result is "skipped" (77) at best.
set -u
include=$1 missing=
jobs=$(mktemp)
trap 'rm -f "$jobs"' EXIT
for compiler in gcc clang; do
  command -v "$compiler" > /dev/null || { missing="$missing $compiler"; continue; }
  for standard in c11 c17; do
    (cd "$include" && find vhost -maxdepth 1 -name '*.h' | sed "s/^/$compiler c $standard /") >> "$jobs"
  done
  (cd "$include" && find vhost -name '*.h*' | sed "s/^/$compiler c++ c++20 /") >> "$jobs"
done
try() { # COMPILER LANGUAGE STANDARD HEADER
  printf '#include "%s"\ntypedef int one_declaration;\n' "$4" |
    "$1" -x "$2" -std="$3" -Wall -Wextra -pedantic -Werror -fsyntax-only -I "$include" - ||
    { echo "$4 does not compile alone as $3 with $1"; return 1; }
}
export -f try
export include
xargs -P "$(nproc)" -L 1 bash -c 'try "$@"' _ < "$jobs" || exit 1
echo "$(wc -l < "$jobs") compilations"
[ "$(wc -l < "$jobs")" -gt 80 ] || { echo "too few: is $include the folder of the headers?"; exit 1; }
[ -z "$missing" ] || { echo "skipped: no$missing here (tools/setup --tests installs what the tests need)"; exit 77; }
