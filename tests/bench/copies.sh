#!/usr/bin/env bash
# Copies by reference: XCOPY and ODX of 10 GiB between two volumes of one pool, each in less than 1 s and without data moving.
#   copies.sh [MIB]     written to the source (default 1024); copies of copies make 10 GiB of it
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

begin copies
need copies gcc || finish
build_lunaria || { fail build; finish; }
gcc -O2 -o "$WORK/copies" "$REPO/tests/bench/copies.c" -liscsi || { fail "copies.c does not compile"; finish; }
written=${1:-1024} total=10240
T=$WORK/target
target_create lunaria "$T" disk:1=10GiB disk:2=10GiB disk:3=10GiB log=1GiB pool=64GiB
target_start "$T" || { fail start; finish; }
copies() { timeout 300 "$WORK/copies" "127.0.0.1:$(target_port "$T")" "$(target_iqn "$T" disk)" "$@"; }
# used: KiB of the pool on the disk.
used() { du -k "$T"/data/pool.0 | cut -f1; }

check "write $written MiB" copies fill 1 "$written" || finish
for ((have = written; have < total; have += step)); do
  step=$((have < total - have ? have : total - have))
  copies xcopy 1 1 0 "$have" "$step" >"$WORK/ms" || { fail "copy of a copy at $have MiB"; finish; }
done
check "the source is what was written, over and over" copies check 1 "$total" "$written"
before=$(used)
# measure NAME VERB LUN
measure() {
  local ms moved
  ms=$(copies "$2" 1 "$3" 0 0 "$total") || { fail "$1"; return; }
  moved=$((($(used) - before) / 1024))
  if [ "$ms" -lt 1000 ]; then pass "$1 of $total MiB: $ms ms"; else fail "$1 of $total MiB" "$ms ms, at most 1000 are allowed"; fi
  check "$1: the copy is the source" copies check "$3" "$total" "$written"
  sleep 2 # for what is destaged when writers pause
  moved=$((($(used) - before) / 1024))
  if [ "$moved" -le 64 ]; then pass "$1: the pool grew by $moved MiB"; else fail "$1 moved data" "the pool grew by $moved MiB"; fi
}
measure XCOPY xcopy 2
measure ODX odx 3
target_kill "$T"; target_start "$T" || { fail "start after SIGKILL"; finish; }
check "the copies are there after SIGKILL" copies check 2 "$total" "$written"
check "and the other" copies check 3 "$total" "$written"
target_stop "$T" || fail "orderly stop"
finish
