#!/usr/bin/env bash
# ops_list.sh PYTHON GENERATOR: the committed headers are what the generator writes. 77 = skipped.
for python in "$1" "${XDG_CACHE_HOME:-$HOME/.cache}"/vhost/torch-2.11.0/bin/python3; do
  "$python" -c 'import torch' 2> /dev/null && exec "$python" "$2" --check
done
echo "skipped: no Python with torch 2.11 (tools/setup makes one)"
exit 77
