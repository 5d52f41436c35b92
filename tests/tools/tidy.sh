#!/usr/bin/env bash
# The checks of .clang-tidy over every file of a build tree (its compile_commands.json); prints what they find.
set -euo pipefail
build="$1" only="${2:-.}"
command -v run-clang-tidy >/dev/null && [ -f "$build/compile_commands.json" ] || {
  echo "skipped: needs run-clang-tidy (Debian: clang-tidy) and $build/compile_commands.json"
  exit 77
}
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
# What only g++ understands.
sed -E 's/ -(fno-gnu-unique|Wno-restrict|Wno-maybe-uninitialized)//g' "$build/compile_commands.json" >"$folder/compile_commands.json"
status=0
run-clang-tidy -p "$folder" -quiet -j "$(nproc)" "$only" >"$folder/report" 2>"$folder/errors" || status=$?
sed 's/\x1b\[[0-9;]*m//g' "$folder/report" | grep -E '(warning|error):' | sort -u || true
checked="$(grep -c '^clang-tidy' "$folder/report" || true)"
echo "$checked files checked"
if [ "$checked" = 0 ]; then
  tail -n 20 "$folder/errors"
  exit 1
fi
exit $status
