#!/usr/bin/env bash
# Two appliances, one bucket: the owner is stopped (SIGSTOP) with uploads in flight, the other one takes over, the first is resumed.
# None of its late uploads may land, and it may acknowledge nothing more.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"
. "$LIB/rgw.sh"

# late_objects BEFORE AFTER: keys that came after BEFORE under a sequence that a fence (an object of 64 bytes) closes.
late_objects() {
  python3 - "$1" "$2" <<'PY'
import sys
before, after = (dict(line.split() for line in open(name)) for name in sys.argv[1:])
segments = lambda keys: {key: int(key.rsplit("/", 1)[1], 16) for key in keys if "/volumes/" in key}
fences = [sequence for key, sequence in segments(before).items() if before[key] == "64"]
if not fences:
    sys.exit("there is no fence")
late = [key for key, sequence in segments(after).items() if key not in before and sequence <= max(fences)]
changed = [key for key in before if "/volumes/" in key and key in after and after[key] != before[key]]
own = [sequence for key, sequence in segments(after).items() if sequence > max(fences)]
print(f"{len(fences)} fences, {len(late)} late objects, {len(changed)} changed, {len(own)} of the new owner")
sys.exit(1 if late or changed or not own else 0)
PY
}

# acknowledged_since BEFORE AFTER: blocks whose acknowledged stamp grew.
acknowledged_since() {
  python3 - "$1" "$2" <<'PY'
import struct, sys
before, after = (open(name, "rb").read() for name in sys.argv[1:])
print(sum(a[1] != b[1] for a, b in zip(struct.iter_unpack("<3Q", before), struct.iter_unpack("<3Q", after))))
PY
}

# ends DIR SECONDS: until the process has ended by itself; its last words must say why.
ends() {
  gone "$(target_pid "$1")" "$2" || { echo "it goes on"; return 1; }
  rm -f "$1/pid"
  grep 'taken over by another appliance' "$1/output"
}

begin s3-takeover
take_seed
build_lunaria || { fail build; finish; }
LOAD=$(build_load) || { skip "takeover" "the load generator cannot be built"; finish; }
rgw_start || { skip "takeover" "Ceph's gateway cannot be started (shared/s3/rgw-up.sh)"; finish; }
proxy_start || { fail proxy; finish; }
s3_keys "$WORK/keys"
check "bucket" s3 make lunaria || finish
first=$WORK/first second=$WORK/second
target_create lunaria "$first" own:1=256MiB log=256MiB s3=lunaria/own keys="$WORK/keys" endpoint="$PROXY"
target_create lunaria "$second" own:1=256MiB log=256MiB s3=lunaria/own keys="$WORK/keys"
target_start "$first" || { fail "start of the first"; finish; }

load() { timeout 120 "$LOAD" --url "$(target_url "$first" own 1)" --rw randwrite --bs 16k --size 32m --qd 16 --flush-every 200 --stamp "$WORK/state" "$@"; }
check "writes" load --runtime 4 --seed "$SEED"
proxy_faults '[{"fault":"delay","method":"PUT","path":".*/volumes/.*","seconds":30}]'
load --runtime 90 --seed $((SEED + 1)) >"$WORK/load" 2>&1 & job=$!
for _ in $(seq 200); do [[ $(proxy_hits) = *'"hits": 0'* ]] || break; sleep 0.1; done
check "uploads are in flight" test "$(proxy_hits | grep -o '"hits": [0-9]*' | grep -o '[0-9]*')" -gt 0
kill -STOP "$(target_pid "$first")"
sleep 1 # for answers that are on their way
cp "$WORK/state" "$WORK/state.stopped"
cp -a "$first/data" "$second/data"

refused "the second does not start untold" "in use by another appliance.*--take-over" lunaria_try "$second" 60
TAKE_OVER=--take-over target_start "$second" || { fail "takeover"; finish; }
pass "takeover (ready after $READY_MS ms)"
s3 keys lunaria own/ >"$WORK/keys.taken"
kill -CONT "$(target_pid "$first")"
check "the first ends by itself" ends "$first" 60
wait "$job"
grown=$(acknowledged_since "$WORK/state.stopped" "$WORK/state")
[ "$grown" = 0 ] && pass "nothing is acknowledged after the takeover" || fail "acknowledged after the takeover" "$grown blocks"
check "what was acknowledged is served by the second" timeout 120 "$LOAD" --url "$(target_url "$second" own 1)" --bs 16k --size 32m --check "$WORK/state.stopped"
sleep 32 # until the proxy has let the late uploads through
s3 keys lunaria own/ >"$WORK/keys.late"
check "no late upload lands" late_objects "$WORK/keys.taken" "$WORK/keys.late"
cat "$WORK/check.out"
refused "the first does not come back untold" "in use by another appliance.*--take-over" lunaria_try "$first" 60
target_stop "$second" && pass "orderly stop" || fail "orderly stop"
target_start "$second" || { fail "restart without being told again"; finish; }
check "the data after a restart" timeout 120 "$LOAD" --url "$(target_url "$second" own 1)" --bs 16k --size 32m --check "$WORK/state.stopped"
target_stop "$second" || fail "orderly stop after the restart"
finish
