#!/usr/bin/env bash
# COMPARE AND WRITE under load: 99 of 100 in less than 50 ms while other hosts write to the same LUN as fast as it takes (the figure is meant at 20,000 writes a second).
#   ats.sh [SECONDS]
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

begin ats
need "COMPARE AND WRITE under load" gcc || finish
build_lunaria || { fail build; finish; }
load=$(build_load) || { skip "COMPARE AND WRITE under load" "the load generator cannot be built"; finish; }
gcc -O2 -o "$WORK/ats" "$REPO/tests/bench/ats.c" -liscsi || { fail "ats.c does not compile"; finish; }
seconds=${1:-10}
T=$WORK/target
target_create lunaria "$T" disk:1=8GiB log=2GiB pool=16GiB
target_start "$T" || { fail start; finish; }
"$load" --url "$(target_url "$T" disk 1)" --rw randwrite --bs 4k --qd 32 --connections 2 --offset 1m --size 4g --runtime $((seconds + 4)) >"$WORK/load" 2>&1 &
loading=$!
sleep 2 # so that the load is there
if ats=$(timeout $((seconds + 60)) "$WORK/ats" "127.0.0.1:$(target_port "$T")" "$(target_iqn "$T" disk)" 1 8 "$seconds" 2>"$WORK/ats.err"); then
  wait $loading
  iops=$(field "$(tail -n 1 "$WORK/load")" iops) p99=$(field "$ats" p99_ms)
  echo "$ats beside ${iops%.*} writes a second"
  if python3 -c "import sys; sys.exit(not $p99 < 50)"; then pass "99 of 100 within $p99 ms"; else fail "99 of 100 within $p99 ms" "at most 50 are allowed"; fi
  python3 -c "import sys; sys.exit(not $iops >= 20000)" || echo "note  this machine wrote ${iops%.*} times a second, not 20000"
else
  fail "COMPARE AND WRITE" "$(tail -n 1 "$WORK/ats.err")"
fi
target_stop "$T" || fail "orderly stop"
finish
