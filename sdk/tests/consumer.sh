#!/usr/bin/env bash
# consumer.sh CMAKE SDK FOLDER COMPILER GENERATOR: installs the SDK by itself, fills in its template of a loss by hand out of
# the tree, builds and tests it with find_package(vhost-sdk), and looks at what came out.
set -eu
cmake=$1 sdk=$2 folder=$3 compiler=$4 generator=$5
rm -rf "$folder"
mkdir -p "$folder"
"$cmake" -S "$sdk" -B "$folder/sdk-build" -G "$generator" -DCMAKE_CXX_COMPILER="$compiler" > "$folder/log"
"$cmake" --build "$folder/sdk-build" --target vhost_describe >> "$folder/log"
"$cmake" --install "$folder/sdk-build" --prefix "$folder/sdk" >> "$folder/log"
template=$folder/sdk/share/vhost-sdk/template
cp -r "$template/common" "$folder/mine"
cp -r "$template/loss/." "$folder/mine"
cp "$template/licences/MIT" "$folder/mine/LICENSE"
cat "$folder/mine/USE.md" >> "$folder/mine/README.md"
find "$folder/mine" -type f -exec sed -i 's/@NAME@/my_plugin/g; s/@SOURCE@/plugin.cpp/; s/@SDK@/0.1/; s/@LICENCE@/MIT/' {} +
"$cmake" -S "$folder/mine" -B "$folder/mine-build" -G "$generator" -DCMAKE_CXX_COMPILER="$compiler" \
  -DCMAKE_PREFIX_PATH="$folder/sdk" >> "$folder/log"
"$cmake" --build "$folder/mine-build" >> "$folder/log"
(cd "$folder/mine-build" && ctest --output-on-failure -R my_plugin_tests >> "$folder/log") || { cat "$folder/log"; exit 1; }
"$cmake" --install "$folder/mine-build" --prefix "$folder/installed" >> "$folder/log"
package=$folder/installed/lib/vhost/plugins/my_plugin/0.1.0
for file in libmy_plugin.so plugin.json README.md CHANGELOG.md LICENSE manifests/train.json; do
  [ -s "$package/$file" ] || { echo "the package has no $file"; exit 1; }
done
if grep -r '@[A-Z]*@' "$package" --include='*.json' --include='*.md'; then echo "a word of the template was left"; exit 1; fi
[ "$(sha256sum "$package/libmy_plugin.so" | cut -d' ' -f1)" = "$(sed -n 's/.*"sha256": "\([0-9a-f]*\)".*/\1/p' "$package/plugin.json")" ] ||
  { echo "plugin.json's sha256 isn't the library's"; exit 1; }
grep -q '"interface": "vh.loss/1", "name": "charbonnier"' "$package/plugin.json"

# vhost::media serves an author out of the tree too.
"$cmake" -S "$sdk/tests/media_author" -B "$folder/media-build" -G "$generator" -DCMAKE_CXX_COMPILER="$compiler" \
  -DCMAKE_PREFIX_PATH="$folder/sdk" >> "$folder/log"
"$cmake" --build "$folder/media-build" >> "$folder/log" || { tail -20 "$folder/log"; exit 1; }
grep -q '"interface": "vh.dataset/1", "name": "greys"' "$folder/media-build/plugins/media_author/0.1.0/plugin.json"
[ ! -e "$folder/mine-build/vhost_media/libvhost_media.a" ] || { echo "a plugin that doesn't link vhost::media built it"; exit 1; }
echo "installed SDK and out-of-tree plugin: ok"
