#!/usr/bin/env bash
# wrong_uses.sh COMPILER INCLUDE SOURCE: each wrong use fails to compile for its reason, and the right use compiles.
set -u
compile() { "$1" -std=c++20 -fsyntax-only -I "$2" "${@:4}" "$3" 2>&1; }
status=0
compile "$@" || { echo "the right use must compile"; status=1; }
while read -r define reason; do
  said=$(compile "$@" "-D$define") && { echo "$define compiled"; status=1; continue; }
  grep -q -- "$reason" <<< "$said" || { echo "$define failed for another reason than '$reason':"; echo "$said"; status=1; }
done << 'ROWS'
WRONG_NO_RUN t.run
WRONG_CONST_READ c.read
WRONG_NORMALISER normaliser
WRONG_DEFAULT_TYPE describe
WRONG_PARAMS_MISSING Params
ROWS
exit $status
