#!/usr/bin/env bash
# installed.sh CMAKE SDK FOLDER COMPILER GENERATOR VHOST: vhost_check_plugin of an installed SDK. A new plugin's test of
# it passes with VHOST, fails once the package is spoilt, and is skipped where there is no vhost.
set -eu
cmake=$1 sdk=$2 folder=$3 compiler=$4 generator=$5 vhost=$6
rm -rf "$folder"
mkdir -p "$folder"
fail() { echo "$1"; cat "$folder/log"; exit 1; }
"$cmake" -S "$sdk" -B "$folder/sdk-build" -G "$generator" -DCMAKE_CXX_COMPILER="$compiler" >"$folder/log"
"$cmake" --build "$folder/sdk-build" --target vhost_describe >>"$folder/log"
"$cmake" --install "$folder/sdk-build" --prefix "$folder/sdk" >>"$folder/log"
"$vhost" plugin new my_plugin --kind loss --output "$folder/mine" >"$folder/log"
configure() {
  "$cmake" -S "$folder/mine" -B "$folder/build" -G "$generator" -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_PREFIX_PATH="$folder/sdk" "$@" >"$folder/log"
}
configure -DVHOST_PROGRAM="$vhost"
"$cmake" --build "$folder/build" >>"$folder/log"
test_it() { ctest --test-dir "$folder/build" --output-on-failure >"$folder/log" 2>&1; }
test_it || fail "a new plugin doesn't pass its own check"
grep -q 'Test *#[0-9]*: check_my_plugin .*Passed' "$folder/log" || fail "check_my_plugin didn't run"
rm "$folder/build/plugins/my_plugin/0.1.0/LICENSE"
if test_it; then fail "a package without a licence passes"; fi
grep -q 'FAIL  package.licence' "$folder/log" || fail "the failed check isn't shown"
configure -DVHOST_PROGRAM=VHOST_PROGRAM-NOTFOUND -DCMAKE_PROGRAM_PATH=/nowhere -DCMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH=OFF
test_it || fail "without vhost the test fails"
grep -q '(Skipped)' "$folder/log" || fail "without vhost the test isn't reported as skipped"
echo "vhost_check_plugin: passes, fails and is skipped where it should be"
