#!/usr/bin/env bash
# examples_short.sh FOLDER: a C++ part is written in under 60 lines, and no example sees LibTorch or Boost.
set -u
status=0
for file in "$1"/toy/*.hpp "$1"/toyc/*.c; do
  lines=$(wc -l < "$file")
  limit=60
  case $file in *.c) limit=100 ;; esac
  echo "$lines lines: ${file#"$1"/}"
  [ "$lines" -lt $limit ] || { echo "  want under $limit"; status=1; }
done
if grep -rnE '#include *[<"](torch|ATen|c10|boost)/' "$1"; then status=1; fi
exit $status
