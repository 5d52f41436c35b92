#!/usr/bin/env bash
# build.sh CMAKE SOURCE_TREE FOLDER COMPILER TORCH_ROOT: the authors' plugins from an installed SDK, where nothing else of ours
# exists. Installs the SDK into FOLDER/sdk, copies the plugins to FOLDER/src, and builds and tests each in a mount namespace
# in which empty folders cover LibTorch, Boost's headers and the source tree's host/, sdk/ and plugins/. Where namespaces aren't
# permitted, the compiler's own lists of the files it read are checked instead; the last line says which was done.
set -eu
cmake=$1 source=$2 folder=$3 compiler=$4 torch=$5
hidden=("$torch" /usr/include/boost /usr/local/include/boost "$source/host" "$source/sdk" "$source/plugins")

build() { # NAME
  local launcher=()
  command -v ccache > /dev/null && launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  "$cmake" -S "$folder/src/$1" -B "$folder/build/$1" -G "Unix Makefiles" -DCMAKE_PREFIX_PATH="$folder/sdk" "${launcher[@]}" \
    -DCMAKE_CXX_COMPILER="$compiler" -DVHOST_PLUGIN_OUTPUT="$folder/plugins" &&
    "$cmake" --build "$folder/build/$1" && (cd "$folder/build/$1" && ctest --output-on-failure -R "$1_tests")
}
build_all() {
  local name
  for name in $(ls "$folder/src"); do
    build "$name" > "$folder/$name.log" 2>&1 || { echo "$name doesn't build and pass its tests:"; tail -40 "$folder/$name.log"; return 1; }
    echo "$name: $(grep -o '[0-9]* checks\|[0-9]*% tests passed.*' "$folder/$name.log" | tail -1), $(cat "$folder/src/$name"/src/* | wc -l) lines"
  done
}
includes() { # HEADER: a file that includes it gets through the preprocessor
  echo "#include <$1>" |
    "$compiler" -x c++ -std=c++20 -I "$torch/include" -I "$torch/include/torch/csrc/api/include" -E - > /dev/null 2>&1
}
# In the namespace. That the covers hold is seen by what no longer compiles and did before.
covered() {
  local path header found=()
  for header in boost/version.hpp ATen/ATen.h torch/torch.h; do ! includes "$header" || found+=("$header"); done
  [ -z "$torch" ] || [ "${#found[@]}" -eq 3 ] || { echo "before anything is hidden only these compile: ${found[*]}"; return 1; }
  for path in "${hidden[@]}"; do [ ! -d "$path" ] || mount -t tmpfs none "$path" || return 77; done
  for header in "${found[@]}"; do
    ! includes "$header" || { echo "$header is still there"; return 1; }
  done
  echo "hidden, and no longer compiling: ${found[*]}"
  [ ! -e "$source/host/CMakeLists.txt" ] || { echo "host/ is still there"; return 1; }
  build_all
}
# Every file that a compiler read: none is LibTorch's, Boost's or of the source tree.
read_files() {
  local lists wrong
  lists=$(find "$folder/build" -name '*.d')
  [ "$(wc -w <<< "$lists")" -ge $((2 * $(ls "$folder/src" | wc -l))) ] || { echo "too few lists of files: $lists"; return 1; }
  wrong=$(cat $lists | tr ' \\' '\n\n' | grep -E '/(torch|ATen|c10|boost)/|^('"$source"')/(host|sdk|plugins)/' | sort -u || true)
  [ -z "$wrong" ] || { echo "the authors' plugins read files that an author doesn't have:"; echo "$wrong"; return 1; }
}

if [ "${6:-}" = covered ]; then
  covered
  exit
fi
rm -rf "$folder"
mkdir -p "$folder/src"
"$cmake" -S "$source/sdk" -B "$folder/sdk-build" -DCMAKE_CXX_COMPILER="$compiler" > "$folder/sdk.log"
"$cmake" --build "$folder/sdk-build" --target vhost_describe >> "$folder/sdk.log"
"$cmake" --install "$folder/sdk-build" --prefix "$folder/sdk" >> "$folder/sdk.log"
cp -r "$source"/tests/authors/*/ "$folder/src"
how="in a namespace without LibTorch, Boost and the source tree"
status=0
if unshare --user --map-root-user --mount true 2> /dev/null; then
  cp "$0" "$folder/build.sh"
  unshare --user --map-root-user --mount bash "$folder/build.sh" "${@:1:5}" covered || status=$?
else
  status=77
fi
if [ "$status" -eq 77 ]; then
  how="namespaces aren't permitted here; by the compiler's lists of the files it read"
  status=0
  build_all || status=$?
fi
[ "$status" -eq 0 ] || exit "$status"
read_files
echo "built and tested $(ls "$folder/plugins" | wc -l) plugins $how"
