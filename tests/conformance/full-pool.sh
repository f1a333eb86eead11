#!/usr/bin/env bash
# A pool of which four fifths live, under hosts that overwrite at random as fast as they can and never pause: no write fails, nothing is lost over a kill -9, and deleting a snapshot helps where
# nothing else does.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

begin full-pool
take_seed
build_lunaria || { fail build; finish; }
LOAD=$(build_load) || { skip full-pool "the load generator cannot be built (gcc, libiscsi-dev, shared/load)"; finish; }
T=$WORK/t
target_create lunaria "$T" full:1=800MiB full:2=64MiB log=256MiB pool=1GiB wait=2s web="127.0.0.1:$(free_port)"
target_start "$T" || { fail start; finish; }
l() { timeout 60 "$LUNARIA" "$@" --data "$T/data" </dev/null; }
# load LUN OPTION...
load() { timeout 120 "$LOAD" --url "$(target_url "$T" full "$1")" "${@:2}" >"$WORK/load.$1" 2>&1 || { tail -n 3 "$WORK/load.$1"; return 1; }; }
overwrite() { load 1 --rw randwrite --bs 4k --size 720m --qd 16 --seed "$SEED" --runtime "$1"; }
stamped() { load 2 --bs 4k --size 32m "$@"; }
copied() { l gc status --json >"$WORK/gc" && [ "$(field "$(cat "$WORK/gc")" copiedBytes)" -gt 0 ]; }

check "the pool is filled and overwritten without a failure" overwrite 12
for _ in $(seq 20); do copied && break; overwrite 3 || break; done
check "garbage was given back for it" copied
check "paused, collection still runs where the pool is full" l gc pause
check "... and no write fails" overwrite 4
check "collection goes on" l gc resume
overwrite 30 >"$WORK/out" & writers=$!
stamped --rw randwrite --qd 4 --seed "$SEED" --runtime 30 --stamp "$WORK/stamp" >"$WORK/out.2" & writers+=" $!"
sleep 4
target_kill "$T"
# shellcheck disable=SC2086
wait $writers
check "start after kill -9" target_start "$T"
check "what was acknowledged is there" stamped --check "$WORK/stamp"

check "a snapshot" l snapshot create full-1 kept
if load 1 --rw write --bs 256k --size 720m --qd 4 --runtime 100 >"$WORK/out"; then fail "all of it is kept, and yet there is space for all of it again"; else pass "with a snapshot of all of it the pool is full"; fi
check "the snapshot is deleted while writes fail" l snapshot delete full-1 kept --yes
# What it gives back is collected first; until then hosts hear that there is no space, and come again.
for _ in $(seq 60); do overwrite 1 >"$WORK/out" && break; sleep 0.5; done
check "... and writes go on" overwrite 4
target_stop "$T" || fail "orderly stop"
finish
