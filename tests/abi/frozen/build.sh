#!/usr/bin/env bash
# build.sh SDK VHOST_DESCRIBE [MINOR]: builds the frozen plugins of one released minor (0.1) from their sources, with the flags of
# vhost_add_plugin, into MINOR/NAME/1.0.0/, and notes in MINOR/BUILT what built them
# from what. Run once, when the minor is released, with
# the headers of that release; from then on the binaries stay as they are. With OUT=FOLDER in the environment it writes there.
set -euo pipefail
sdk=$1 describe=$2 minor=${3:-0.1}
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
out=${OUT:-$here/$minor}
number() { sed -n "s/^#define $1 \([0-9]*\)u.*/\1/p" "$sdk/include/vhost/abi.h"; }
now=$(number VH_ABI_MAJOR).$(number VH_ABI_MINOR)
[ "$now" = "$minor" ] || { echo "error: $sdk has the headers of ABI $now, want those of $minor"; exit 1; }
mkdir -p "$out"
for source in "$here/$minor"/*/*.c; do
  name=$(basename "$source" .c)
  folder=$out/$name/1.0.0
  mkdir -p "$folder"
  (cd "$(dirname "$source")" && gcc -std=c11 -O2 -Wall -Wextra -pedantic -Werror -fPIC -shared -fvisibility=hidden -s \
    -I "$sdk/include" -o "$folder/lib$name.so" "$name.c" -Wl,--version-script="$sdk/cmake/plugin.map" -Wl,--exclude-libs,ALL \
    -Wl,-z,defs -Wl,-z,noseparate-code -Wl,--build-id=none -static-libgcc)
  "$describe" "$folder/lib$name.so" "$name" 1.0.0 Apache-2.0 "Built once with the SDK of ABI $minor, for the ABI gates" "$folder/plugin.json"
done
{
  gcc --version | head -1
  ld --version | head -1
  cd "$here/$minor"
  echo "preprocessed $(for source in */*.c; do gcc -std=c11 -E -P -I "$sdk/include" "$source"; done | sha256sum | cut -d' ' -f1)"
  sha256sum */*.c
  cd "$out"
  sha256sum */1.0.0/*.so
} > "$out/BUILT.new"
mv "$out/BUILT.new" "$out/BUILT"
