#!/usr/bin/env bash
# offsets.sh SDK: the recorded offsets, sizes and constants, asserted by both compilers in both languages.
set -u
sdk=$1 status=0 missing=
for compiler in gcc clang; do
  command -v "$compiler" > /dev/null || { missing="$missing $compiler"; continue; }
  for language in "c c11" "c++ c++20"; do
    read -r name standard <<< "$language"
    "$compiler" -x "$name" "-std=$standard" -Wall -Wextra -pedantic -Werror -fsyntax-only -I "$sdk/include" \
      "$sdk/abi/offsets.c" || { echo "offsets.c doesn't hold as $standard with $compiler"; status=1; }
  done
done
[ $status = 0 ] || exit 1
[ -z "$missing" ] || { echo "skipped: no$missing here (tools/setup --tests installs what the tests need)"; exit 77; }
echo "$(grep -c '^VH_IS' "$sdk/abi/offsets.c") assertions hold"
