#!/usr/bin/env bash
# Writers at queue depth 32 on several LUNs, SIGKILL of the target at random moments: whatever was acknowledged is there,
# nothing is torn inside a block, and serving resumes in time, also with a long log to replay.
#   kill9.sh [--target lunaria|tgt] [--rounds N] [--replay MIB]        SEED=n repeats a run
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

kind=lunaria rounds=50 replay_mib=1024 limit_ms=5000
while [ $# -gt 0 ]; do
  case $1 in
    --target) kind=$2 ;; --rounds) rounds=$2 ;; --replay) replay_mib=$2 ;;
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

# load N RUNTIME / verify N: the writer number N.
load() {
  local lun bs size offset options
  read -r lun bs size offset options <<<"${writers[$1]}"
  local rw=randwrite; [[ $options = *--mix* ]] && rw=randrw
  # shellcheck disable=SC2086
  timeout $(($2 + 60)) "$LOAD" --url "$(target_url "$T" crash "$lun")" --rw $rw --bs "$bs" --size "$size" --offset "$offset" \
    --runtime "$2" --seed $((SEED + round)) --initiator "iqn.2026-11.test:writer$1" --stamp "$WORK/state.$1" $options \
    >"$WORK/load.$1" 2>&1
}
verify() {
  local lun bs size offset options
  read -r lun bs size offset options <<<"${writers[$1]}"
  timeout 120 "$LOAD" --url "$(target_url "$T" crash "$lun")" --bs "$bs" --size "$size" --offset "$offset" \
    --initiator "iqn.2026-11.test:writer$1" --check "$WORK/state.$1" >"$WORK/check.$1" 2>&1
}

# verify_all NAME: all writers' blocks at once.
verify_all() {
  local n jobs=() bad=0 code
  for n in "${!writers[@]}"; do [ -f "$WORK/state.$n" ] || continue; verify "$n" & jobs[n]=$!; done
  for n in "${!jobs[@]}"; do
    code=0; wait "${jobs[$n]}" || code=$?
    [ "$code" = 0 ] && continue
    bad=$((bad + 1))
    echo "      writer $n (${writers[$n]}): --check ended with $code"; tail -n 6 "$WORK/check.$n" | sed 's/^/      /'
  done
  if [ "$bad" = 0 ]; then pass "$1"; else fail "$1" "bad blocks for $bad writers (seed $SEED)"; fi
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
  target_create "$kind" "$T" crash:1=256MiB crash:2=256MiB crash:3=256MiB log=256MiB pool=8GiB
  target_start "$T" || { fail "first start"; return; }
  local n delay_ms jobs
  for ((round = 1; round <= rounds; round++)); do
    jobs=()
    for n in "${!writers[@]}"; do load "$n" 60 & jobs+=($!); done
    delay_ms=$((RANDOM % 1500 + 100))
    sleep "$(printf '%d.%03d' $((delay_ms / 1000)) $((delay_ms % 1000)))"
    target_kill "$T"
    wait "${jobs[@]}"
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
  target_stop "$T" || fail "orderly stop"
  rm -rf "$T" "$WORK"/state.*
}

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
LOAD=$(build_load) || { skip "kill -9 at $rounds moments" "the load generator cannot be built (gcc, libiscsi-dev, shared/load)"; finish; }
[ "$rounds" -gt 0 ] && crash_rounds
[ "$replay_mib" -gt 0 ] && replay_round
finish
