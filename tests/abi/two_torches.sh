#!/usr/bin/env bash
# two_torches.sh [VERSION]: one shipped plugin's binary under hosts built with two releases of LibTorch: the one of this tree
# (build/release) and VERSION (2.15.0), which is fetched (5 GB) and built into build/torch-VERSION. Slow: half an hour the first
# time. What it prints is kept in docs/two-torches.md.
set -euo pipefail
version=${1:-2.15.0}
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
venv=${XDG_CACHE_HOME:-$HOME/.cache}/vhost/torch-$version other=build/torch-$version
say() { printf '%s\n' "$*" >&2; }

if ! "$venv/bin/python" -c 'import torch' 2> /dev/null; then
  say "fetching LibTorch $version into $venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet "torch==$version" 'numpy>=2,<3' >&2
fi
root=$("$venv/bin/python" -c 'import os, torch; print(os.path.dirname(torch.__file__))')
cmake --preset release > /dev/null
cmake --build --preset release --target vhost vhost_engine plugin_kinetics plugin_videomae plugin_classify kinetics-motion-clips >&2
cmake -S . -B "$other" -G Ninja -DCMAKE_BUILD_TYPE=Release -DLIBTORCH_ROOT="$root" > /dev/null
tests=(gateway_tests ops_tests autograd_tests checkpoint_tests)
cmake --build "$other" --target vhost vhost_engine "${tests[@]}" >&2

status=0
python3 tests/abi/two_torches.py build/release "$other" || status=1
printf '\nThe gateway under the host built with %s:\n\n' "$version"
for name in "${tests[@]}"; do
  if said=$(VHOST_SOURCE_DIR=$PWD VHOST_BUILD_DIR=$PWD/$other "$other/tests/$name" --color_output=no 2>&1); then
    printf -- '- `%s`: %s\n' "$name" "$(grep -o 'Running [0-9]* test cases' <<< "$said"), no errors"
  else
    printf -- '- `%s`: FAILED\n%s\n' "$name" "$said"
    status=1
  fi
done
exit $status
