#!/usr/bin/env bash
# Lunaria beside Debian's tgt (write-back, file-backed, same disk): A B A B, medians, ratios, CPU seconds per million I/Os.
#   compare-tgt.sh [--rounds N] [--seconds S] [--sustained S] [--size SIZE] [--only WORKLOAD] [--budget S] [--results FILE]
# WORKLOAD is a name of the table below. Both targets serve a LUN of the same size, filled with the same random data; before each
# measurement the disk's dirty pages are written out and both servers are idle. It prints and never judges.
# tgt runs as Debian ships it. TGT_PARAMETERS='InitialR2T=No MaxRecvDataSegmentLength=262144 MaxOutstandingR2T=8' spares it most of its round trips.
# After the budget no further workload is begun.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

rounds=5 seconds=5 sustained=60 size=1g only='' budget=7200 results=''
while [ $# -gt 0 ]; do
  case $1 in
    --rounds) rounds=$2 ;; --seconds) seconds=$2 ;; --sustained) sustained=$2 ;; --size) size=$2 ;; --only) only=$2 ;;
    --budget) budget=$2 ;; --results) results=$2 ;;
    *) echo "unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done

# name | options of iscsi-load | what counts | gate. Reads come first: on data as it was filled in, before random writes scatter it.
workloads=(
  "randread-qd32|--rw randread --bs 4k --qd 32|iops|>=2.5"
  "randread-qd1|--rw randread --bs 4k --qd 1|read.p50_us|<=0.4"
  "seqread-qd8|--rw read --bs 256k --qd 8|MBps|>=1.2"
  "randwrite-qd32|--rw randwrite --bs 4k --qd 32|iops|>=3"
  "randwrite-flush32|--rw randwrite --bs 4k --qd 32 --flush-every 32|iops|>=3"
  "seqwrite-qd8|--rw write --bs 256k --qd 8|MBps|>=2"
  "seqwrite-sustained|--rw write --bs 256k --qd 8|MBps|>=0.8"
)

# quiet: the disk has nothing to write and neither server works, for at most a minute.
quiet() {
  local i before now
  sync -f "$WORK"
  before=$(total_cpu)
  for ((i = 0; i < 60; i++)); do
    sleep 1
    now=$(total_cpu)
    awk -v a="$before" -v b="$now" 'BEGIN {exit !(b - a < 0.05)}' && { sync -f "$WORK"; return; }
    before=$now
  done
}
total_cpu() { awk -v a="$(target_cpu "$WORK/tgt")" -v b="$(target_cpu "$WORK/lunaria")" 'BEGIN {print a + b}'; }

# measure KIND NAME SECONDS OPTIONS: one line of JSON to $results.
measure() {
  local kind=$1 name=$2 time=$3 dir=$WORK/$1 before report; shift 3
  quiet
  before=$(target_cpu "$dir")
  # shellcheck disable=SC2068
  report=$(timeout $((time + 60)) "$LOAD" --url "$(target_url "$dir" bench 1)" --size "$size" --runtime "$time" --seed $RANDOM $@) || {
    fail "$name on $kind" "iscsi-load ended with $?"; return; }
  printf '{"target":"%s","workload":"%s","cpu_s":%s,"report":%s}\n' "$kind" "$name" \
    "$(awk -v a="$before" -v b="$(target_cpu "$dir")" 'BEGIN {print b - a}')" "$report" >>"$results"
}

begin bench
need bench tgtd qemu-img gcc || finish
build_lunaria || { fail build; finish; }
LOAD=$(build_load) || { skip bench "the load generator cannot be built (gcc, libiscsi-dev, shared/load)"; finish; }
[ -n "$results" ] || results=$WORK/results
: >"$results"
bytes=$(numfmt --from=iec "${size^^}")
for kind in tgt lunaria; do
  target_create $kind "$WORK/$kind" bench:1=16GiB log=4GiB pool=32GiB
  target_start "$WORK/$kind" || { fail "start of $kind"; finish; }
done
head -c "$bytes" /dev/urandom >"$WORK/fill"
for kind in tgt lunaria; do
  qemu-img convert -n -f raw -O raw "$WORK/fill" "$(target_url "$WORK/$kind" bench 1)" || { fail "filling $kind"; finish; }
done
rm "$WORK/fill"

for workload in "${workloads[@]}"; do
  IFS='|' read -r name options metric gate <<<"$workload"
  [ -z "$only" ] || [ "$only" = "$name" ] || continue
  time=$seconds count=$rounds
  [ "$name" = seqwrite-sustained ] && time=$sustained
  [ "$time" = 0 ] && continue
  [ "$SECONDS" -lt "$budget" ] || { echo "$name: not measured, the $budget s are over"; continue; }
  # A first round warms caches and the runtime's compiler; it does not count.
  for kind in tgt lunaria; do measure $kind warm-up 3 $options; done
  for ((round = 1; round <= count; round++)); do
    for kind in tgt lunaria; do measure $kind "$name" "$time" $options; done
  done
  python3 "$REPO/tests/bench/compare-tgt.py" "$results" "$name" "$metric" "$gate"
done
for kind in tgt lunaria; do echo "memory of $kind: $(($(target_rss "$WORK/$kind") / 1024)) MiB resident"; done
target_stop "$WORK/lunaria" && target_stop "$WORK/tgt"
[ "$FAILED" = 0 ]
