#!/usr/bin/env bash
# What garbage collection costs hosts: random overwrites of a volume, at a rate that leaves some of the machine, with collection paused and running: A B A B, medians.
#   collection.sh [ROUNDS] [SECONDS]
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

rounds=${1:-5} seconds=${2:-10}
begin collection
build_lunaria || { fail build; finish; }
LOAD=$(build_load) || { skip collection "the load generator cannot be built (gcc, libiscsi-dev, shared/load)"; finish; }
T=$WORK/t
web=127.0.0.1:$(free_port)
target_create lunaria "$T" gc:1=1GiB log=512MiB pool=8GiB web="$web"
target_start "$T" || { fail start; finish; }
lunaria() { "$LUNARIA" "$@" --data "$T/data"; }
load() {
  timeout $((seconds + 60)) "$LOAD" --url "$(target_url "$T" gc 1)" --rw randwrite --bs 4k --qd 4 --size 768m --runtime "$1" --seed $RANDOM
}
# Three quarters of the blocks live, scattered: what is collected later.
load 20 >/dev/null || { fail filling; finish; }
for ((round = 0; round < rounds; round++)); do
  for how in pause resume; do
    lunaria gc $how >/dev/null || { fail "gc $how"; finish; }
    sleep 2
    load "$seconds" >>"$WORK/$how" || { fail "load with gc $how"; finish; }
  done
done
lunaria gc status
python3 - "$WORK/pause" "$WORK/resume" <<'PY'
import json, statistics, sys
rows = [[json.loads(line) for line in open(path)] for path in sys.argv[1:]]
def median(reports, pick): return statistics.median(pick(report) for report in reports)
for name, pick, gate in (("IOPS", lambda r: r["iops"], ">= 0.85"), ("p99 of a write, us", lambda r: r["write"]["p99_us"], "<= 1.5")):
    without, running = (median(reports, pick) for reports in rows)
    print(f"{name}: {without:.0f} with collection paused, {running:.0f} with it, ratio {running / without:.2f} (wanted {gate})")
PY
pass "measured"
target_stop "$T" || fail "orderly stop"
finish
