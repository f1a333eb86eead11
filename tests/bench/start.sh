#!/usr/bin/env bash
# How long a start takes with many volumes: after kill -9 with a long log to replay, and after an orderly stop. Hosts that log in meanwhile are answered.
#   start.sh [VOLUMES] [MIB]     (100 volumes, 1024 MiB of log)
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

count=${1:-100} mib=${2:-1024} kill_limit_ms=8000 stop_limit_ms=3000
begin start
build_lunaria || { fail build; finish; }
LOAD=$(build_load) || { skip start "the load generator cannot be built (gcc, libiscsi-dev, shared/load)"; finish; }

volumes=(); for ((n = 0; n < count; n++)); do volumes+=("many:$n=4GiB"); done
T=$WORK/t
# So much log that no cut is due while it fills.
target_create lunaria "$T" "${volumes[@]}" log=$((mib * 4))MiB pool=16GiB
target_start "$T" || { fail "start"; finish; }
# The generator has at most 64 connections, one for each volume.
jobs=() pid=$(target_pid "$T")
for ((first = 0; first < count; first += 50)); do
  urls=(); for ((n = first; n < count && n < first + 50; n++)); do urls+=(--url "$(target_url "$T" many "$n")"); done
  timeout 90 "$LOAD" "${urls[@]}" --connections ${#urls[@]} --rw randwrite --bs 4k --qd 64 --size 1g --runtime 60 --seed $((first + 1)) \
    --initiator "iqn.2026-11.test:w$first" >"$WORK/load.$first" 2>&1 & jobs+=($!)
done
for ((i = 0; i < 3000; i++)); do
  [ "$(awk '/^wchar/ {print int($2 / 1048576)}' "/proc/$pid/io")" -lt "$mib" ] && kill -0 "${jobs[0]}" 2>/dev/null || break
  sleep 0.02
done
target_kill "$T"; wait "${jobs[@]}"
python3 "$LIB/login-times.py" "$(target_port "$T")" "$(target_iqn "$T" many)" 60 >"$WORK/logins" & logins=$!
target_start "$T" || { fail "start after kill -9"; finish; }
wait $logins
read -r refused held longest status <"$WORK/logins"
echo "log-ins while it started: $refused connections refused, $held told to try again"
[ "$status" = 0000 ] && pass "a host that kept trying is in" || fail "a host that kept trying is in" "status $status"
[ "$held" -gt 0 ] && pass "log-ins are answered while the volumes open" || fail "log-ins are answered while the volumes open"
at_most "the longest answer to a log-in" "$longest" 1000 ms
grep -o '[0-9]* bytes of log replayed in [0-9]* ms' "$T/output"
at_most "ready after kill -9, $count volumes" "$READY_MS" $kill_limit_ms ms
target_stop "$T" || fail "orderly stop"
target_start "$T" || { fail "start after a stop"; finish; }
at_most "ready after an orderly stop, $count volumes" "$READY_MS" $stop_limit_ms ms
target_stop "$T" || fail "second orderly stop"
finish
