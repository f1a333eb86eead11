#!/usr/bin/env bash
# Writers at queue depth 32 on several LUNs, SIGKILL of the target at random moments: whatever was acknowledged is there,
# nothing is torn inside a block, and serving resumes in time, also with a long log to replay.
#   kill9.sh [--target lunaria|tgt] [--store pool|s3] [--rounds N] [--replay MIB]        SEED=n repeats a run
# With --store s3 the data lies in a bucket of Ceph's gateway, the read cache is smaller than it, and at the end the data directory is deleted and everything rebuilt from the bucket.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"
. "$LIB/rgw.sh"

kind=lunaria store=pool rounds=50 replay_mib=1024 limit_ms=5000
while [ $# -gt 0 ]; do
  case $1 in
    --target) kind=$2 ;; --store) store=$2 ;; --rounds) rounds=$2 ;; --replay) replay_mib=$2 ;;
    *) echo "unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done

# Writers: LUN, block size, part of the LUN, offset, options. Sizes that are no multiple of 4096 make every write unaligned, and
# neighbours in flight share blocks. Small parts, so that blocks are overwritten many times and the log laps itself.
writers=(
  "1 4096  32m 0     --qd 32 --flush-every 200"
  "1 16896 16m 64m   --qd 32"
  "2 16384 32m 0     --qd 32 --mix 30"
  "2 4608  8m  64m   --qd 16 --flush-every 500"
  "3 512   1m  0     --qd 8 --fua"
  "3 65536 32m 64m   --qd 4"
)

# load N RUNTIME [STATE] / verify N [STATE]: the writer number N, with its own file of what it wrote or another.
load() {
  local lun bs size offset options
  read -r lun bs size offset options <<<"${writers[$1]}"
  local rw=randwrite; [[ $options = *--mix* ]] && rw=randrw
  # shellcheck disable=SC2086
  timeout $(($2 + 60)) "$LOAD" --url "$(target_url "$T" crash "$lun")" --rw $rw --bs "$bs" --size "$size" --offset "$offset" \
    --runtime "$2" --seed $((SEED + round)) --initiator "iqn.2026-11.test:writer$1" --stamp "$WORK/${3:-state}.$1" $options \
    >"$WORK/load.$1" 2>&1
}
verify() {
  local lun bs size offset options
  read -r lun bs size offset options <<<"${writers[$1]}"
  timeout 120 "$LOAD" --url "$(target_url "$T" crash "$lun")" --bs "$bs" --size "$size" --offset "$offset" \
    --initiator "iqn.2026-11.test:writer$1" --check "$WORK/${2:-state}.$1" >"$WORK/check.$1" 2>&1
}

# verify_all NAME [STATE]: all writers' blocks at once.
verify_all() {
  local n jobs=() bad=() code
  for n in "${!writers[@]}"; do [ -f "$WORK/${2:-state}.$n" ] || continue; verify "$n" "${2:-state}" & jobs[n]=$!; done
  for n in "${!jobs[@]}"; do
    code=0; wait "${jobs[$n]}" || code=$?
    [ "$code" = 0 ] || bad+=("$n:$code")
  done
  [ ${#bad[@]} = 0 ] && { pass "$1"; return; }
  fail "$1" "bad blocks for ${#bad[@]} writers (seed $SEED)"
  for n in "${bad[@]}"; do
    echo "      writer ${n%:*} (${writers[${n%:*}]}): --check ended with ${n#*:}"
    tail -n 6 "$WORK/check.${n%:*}" | sed 's/^/      /'
  done
}

# for_a_while [LEAST_MS]: all writers at once for 0.1 s, or as long, and up to 1.5 s more ($delay_ms), then SIGKILL of the target.
for_a_while() {
  local n jobs=()
  for n in "${!writers[@]}"; do load "$n" 60 & jobs+=($!); done
  delay_ms=$((RANDOM % 1500 + ${1:-100}))
  sleep "$(printf '%d.%03d' $((delay_ms / 1000)) $((delay_ms % 1000)))"
  target_kill "$T"
  wait "${jobs[@]}"
}

# restart NAME: starts and checks the time that it took.
restart() {
  target_start "$T" || { fail "$1" "it does not start again (seed $SEED)"; return 1; }
  [ "$READY_MS" -gt "$worst_ms" ] && worst_ms=$READY_MS
  [ "$READY_MS" -lt "$limit_ms" ] || fail "$1" "ready after $READY_MS ms, allowed are $limit_ms"
  return 0
}

crash_rounds() {
  T=$WORK/t worst_ms=0
  target_create "$kind" "$T" crash:1=256MiB crash:2=256MiB crash:3=256MiB log=256MiB "${backend[@]}"
  target_start "$T" || { fail "first start"; return; }
  local delay_ms
  for ((round = 1; round <= rounds; round++)); do
    for_a_while
    # Every fifth round it is killed once more while it recovers.
    if ((round % 5 == 0)) && [ "$kind" = lunaria ]; then
      START_SECONDS="0.$((RANDOM % 5 + 1))" target_start "$T" 2>/dev/null && target_kill "$T"
    fi
    restart "round $round" || return
    verify_all "kill after $delay_ms ms (round $round, ready after $READY_MS ms)"
  done
  awk -F'"iops":' '{split($2, a, ","); sum += a[1]} END {printf "last round: %d I/Os per second by all writers\n", sum}' "$WORK"/load.*
  target_stop "$T" || fail "orderly stop"
  restart "start after an orderly stop" && verify_all "after an orderly stop"
  echo "longest time from exec to ready: $worst_ms ms"
  [ "$store" = s3 ] && { lost_machine || return; }
  target_stop "$T" || fail "orderly stop"
  rm -rf "$T" "$WORK"/state.*
}

# The data directory, log and cache with it, is lost again and again: under writers, where what was there when `backend flush` returned is there still, as it was or written over since, and no block is torn; and
# without, where everything is byte for byte what it was.
lost_machine() {
  local lun n delay_ms lost
  for lost in 1 2 3; do
    check "backend flush" lunaria backend flush || return
    for n in "${!writers[@]}"; do cp "$WORK/state.$n" "$WORK/flushed.$n"; done
    for_a_while 5000 # so that the catalog is saved meanwhile
    for n in "${!writers[@]}"; do issued_later "$WORK/flushed.$n" "$WORK/state.$n"; done
    from_bucket "machine lost under writers" || return
    verify_all "nothing of what 'backend flush' had published is lost, $delay_ms ms of writes later" flushed
    # What was acknowledged since was lost with the machine.
    rm -f "$WORK"/state.*
    for n in "${!writers[@]}"; do mv "$WORK/flushed.$n" "$WORK/state.$n"; done
    SEED=$((SEED + 1))
  done
  rm -f "$WORK"/state.*
  for n in "${!writers[@]}"; do load "$n" 1 || fail "writer $n after the rebuild" "$(tail -n 2 "$WORK/load.$n")"; done
  check "backend flush" lunaria backend flush || return
  for lun in 1 2 3; do check "image of LUN $lun" qemu_img convert -f raw -O raw "$(target_url "$T" crash "$lun")" "$WORK/image.$lun" || return; done
  target_kill "$T"
  from_bucket "machine lost" || return
  for lun in 1 2 3; do check "LUN $lun is what 'backend flush' had published, byte for byte" qemu_img compare -f raw -F raw "$WORK/image.$lun" "$(target_url "$T" crash "$lun")"; done
  verify_all "every stamp after the rebuild"
}

# from_bucket NAME: the data directory is gone; all there is comes from the bucket.
from_bucket() {
  rm -rf "$T/data"
  check "$1: import" lunaria import || return
  restart "$1: start"
}

# issued_later FLUSHED NOW: what was acknowledged by then is the least that must be there; what was issued by now, the most. Both are {issued, acknowledged, stable} of each block.
issued_later() {
  python3 - "$@" <<'PY'
import array, sys
flushed, now = (array.array("Q", open(name, "rb").read()) for name in sys.argv[1:])
flushed[0::3] = now[0::3]
open(sys.argv[1], "wb").write(flushed.tobytes())
PY
}

lunaria() { timeout 120 "$LUNARIA" "$@" --config "$T/appliance.json" --data "$T/data"; }
qemu_img() { timeout 200 qemu-img "$@"; }

# One log full of data that the destager has not taken, then SIGKILL.
replay_round() {
  T=$WORK/replay worst_ms=0 round=0
  writers=("1 262144 ${replay_mib}m 0 --qd 8")
  target_create "$kind" "$T" crash:1=$((replay_mib * 2))MiB log=$((replay_mib * 4))MiB pool=16GiB
  target_start "$T" || { fail "start of the replay round"; return; }
  local begun=$SECONDS
  timeout 120 "$LOAD" --url "$(target_url "$T" crash 1)" --rw write --bs 262144 --size "${replay_mib}m" --qd 8 --runtime 60 \
    --initiator iqn.2026-11.test:writer0 --stamp "$WORK/state.0" >"$WORK/load.0" 2>&1 &
  local job=$!
  # What it writes is the log and, at the same time, what the destager takes from it.
  until_written "$T" $((replay_mib * 1024 * 5 / 2)) "$job"
  target_kill "$T"; wait "$job"
  echo "wrote $replay_mib MiB in $((SECONDS - begun)) s: $(cat "$WORK/load.0")"
  restart "replay of $replay_mib MiB" || return
  grep -o '[0-9]* bytes of log replayed in [0-9]* ms' "$T/output"
  verify_all "replay (ready after $READY_MS ms, allowed are $limit_ms)"
  target_stop "$T" || fail "orderly stop"
}

# until_written DIR KIB JOB: until the process has written that much, as the kernel counts it (at most 90 s).
until_written() {
  local pid i; pid=$(target_pid "$1")
  for ((i = 0; i < 4500; i++)); do
    [ "$(awk '/^wchar/ {print int($2 / 1024)}' "/proc/$pid/io" 2>/dev/null || echo 0)" -ge "$2" ] && return 0
    kill -0 "$3" 2>/dev/null || return 0
    sleep 0.02
  done
}

begin crash
take_seed
[ "$kind" = tgt ] || build_lunaria || { fail build; finish; }
backend=(pool=8GiB)
if [ "$store" = s3 ]; then
  need "kill -9 on a bucket" qemu-img || finish
  rgw_start bluestore || { skip "kill -9 on a bucket" "Ceph's gateway cannot be started (shared/s3/rgw-up.sh)"; finish; }
  s3_keys "$WORK/keys"
  check bucket s3 make lunaria || finish
  # A start claims the store, and reads of it.
  limit_ms=30000 replay_mib=0
  backend=(s3=lunaria/crash keys="$WORK/keys" cache=24MiB web=127.0.0.1:0)
fi
LOAD=$(build_load) || { skip "kill -9 at $rounds moments" "the load generator cannot be built (gcc, libiscsi-dev, shared/load)"; finish; }
[ "$rounds" -gt 0 ] && crash_rounds
[ "$replay_mib" -gt 0 ] && replay_round
finish
