#!/usr/bin/env bash
# A pool of two copies under a host: a block device of it is pulled out while the host writes, the process is killed, another device takes its place, then the other
# component is lost for good; and what the host wrote is read back each time. Then a read cache on a block device, which is pulled out, too; bits that are flipped on one copy; and a component
# that is lost when there is one copy only.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

begin pool-mirror
PATH=$PATH:/sbin:/usr/sbin
need "pool mirror" qemu-io python3 losetup || finish
build_lunaria || { fail build; finish; }

iqn=iqn.2026-11.test.pool:mirror
T=$WORK/mirror
mkdir -p "$T/data" && free_port >"$T/port"
truncate -s 1G "$WORK/disk"
device=$(losetup -f --show "$WORK/disk" 2>"$WORK/losetup") || { skip "pool mirror" "no loop device: $(cat "$WORK/losetup")"; finish; }
release() {
  clean_up
  local each
  for each in "$device" ${second:-} ${flash:-}; do
    # The process that had it is gone only a moment after it was killed.
    for _ in $(seq 50); do losetup "$each" >/dev/null 2>&1 || break; losetup -d "$each" 2>/dev/null; sleep 0.1; done
  done
}
trap release EXIT
cat >"$T/appliance.json" <<END
{ "schemaVersion": 1, "web": { "listen": "127.0.0.1:0" }, "log": { "size": "256MiB" },
  "pool": { "components": [{ "path": "c0", "size": "1GiB" }, { "path": "$device", "size": "1GiB" }] },
  "bootstrap": { "targets": [{ "iqn": "$iqn", "luns": [{ "lun": 0, "volume": "disk", "size": "64GiB" }] }] } }
END
lunaria_start "$T" || { fail start; finish; }
l() { timeout 60 "$LUNARIA" "$@" --config "$T/appliance.json" --data "$T/data" </dev/null; }
io() {
  local arguments=() command
  for command in "$@"; do arguments+=(-c "$command"); done
  timeout 120 qemu-io -f raw "${arguments[@]}" "iscsi://127.0.0.1:$(target_port "$T")/$iqn/0" >"$WORK/io" 2>&1
  ! grep -qiE 'fail|error|denied|cannot|could not|mismatch|no space' "$WORK/io" || { cat "$WORK/io"; return 1; }
}
STEP=$((16 << 20))
pattern() { printf '0x%02x' $(($1 % 250 + 1)); }
write() { local i; for i in $(seq "$1" "$2"); do io "write -P $(pattern "$i") $((i * STEP * 3)) $STEP" "flush" || return 1; done; }
verify() { local i; for i in $(seq 0 "$1"); do io "read -P $(pattern "$i") $((i * STEP * 3)) $STEP" || return 1; done; }
state() { l pool status --json | python3 -c 'import json, sys; p = json.load(sys.stdin); print(p["copies"], " ".join(sorted(c["state"] for c in p["components"])), "mending" if p.get("mending") else "whole")'; }
becomes() { local i; for i in $(seq 300); do [ "$(state)" = "$1" ] && return 0; sleep 0.1; done; state; return 1; }
restart() { target_kill "$T"; lunaria_start "$T"; }
# The log would answer reads: a checkpoint of the map is behind all that is in the pool.
settle() { l volume check >/dev/null; }

check "two copies are asked for" l pool copies 2
check "the host writes" write 0 9
check "all is in the pool" settle
check "each object is on two components" becomes "2 active active whole"
truncate -s 0 "$WORK/disk" && losetup -c "$device"
check "the host writes on without the device that was pulled out" write 10 14
check "all of that is in the pool" settle
check "the device is set aside" becomes "2 active setAside whole"
check "all data is right" verify 14
check "the process is killed, and starts with one copy" restart || finish
check "all data is right after it" verify 14

truncate -s 2G "$WORK/disk2"
second=$(losetup -f --show "$WORK/disk2")
check "another device takes its place" l pool add "$second"
check "the one that is gone is removed" l pool remove "$device" --yes
check "each object is on two components again" becomes "2 active active whole"

target_kill "$T"
rm "$T/data/c0"
refused() { ! lunaria_try "$T" 30 >"$WORK/refused" 2>&1 && grep -q -- "--without $T/data/c0" "$WORK/refused"; }
check "a start without the other is refused and says the way on" refused
without() { TAKE_OVER="--without c0" lunaria_start "$T"; }
check "it goes on without it" without || finish
check "all data is right from the device that took the place" verify 14

check "a third component gets all of it" l pool add c3 --size 1GiB
check "each object is on two components once more" becomes "2 active active setAside whole"
truncate -s 256M "$WORK/flash"
flash=$(losetup -f --show "$WORK/flash")
cache() { l cache status --json | python3 -c "import json, sys; c = json.load(sys.stdin); print(c['$1'])"; }
is_over() { [ "$(cache "$1")" -gt "$2" ]; }
# told CODE WORD: an event of this code says it.
told() { local i; for i in $(seq 300); do l event list --json | python3 -c 'import json, sys; sys.exit(not any(e["code"] == sys.argv[1] and sys.argv[2] in e["message"] for e in json.load(sys.stdin)))' "$1" "$2" && return 0; sleep 0.2; done; return 1; }
check "a block device becomes a read cache" l cache add "$flash" --size 128MiB
check "all data is right through it" verify 3
check "it holds what was read" is_over usedBytes $((16 << 20))
check "the process is killed, and starts with its cache" restart || finish
check "all data is right from it" verify 3
check "that came from the device" is_over hitBytes $((16 << 20))
truncate -s 0 "$WORK/flash" && losetup -c "$flash"
check "all data is right while the cache is pulled out" verify 14
check "an event tells it" told cache.device "reads go on without it"
check "it is taken out" l cache remove "$flash"

check "stop" lunaria_stop "$T"
# Every 64 KiB of the data a flipped byte, far from labels and tables.
python3 - "$T/data/c3" <<'END'
import sys
with open(sys.argv[1], "r+b") as f:
    size = f.seek(0, 2)
    for at in range(48 << 20, size - (48 << 20), 65536):
        f.seek(at + 1234)
        b = f.read(1)
        if b != b"\0":
            f.seek(at + 1234)
            f.write(bytes([b[0] ^ 0x40]))
END
check "start with a copy full of flipped bits" lunaria_start "$T"
check "the host reads nothing wrong" verify 14

check "one copy is asked for" l pool copies 1
check "second copies are dropped" becomes "1 active active setAside whole"
check "the host writes what is there once" write 15 24
check "all of that is in the pool" settle
target_kill "$T"
rm "$T/data/c3"
lossy() { TAKE_OVER="--without c3" lunaria_start "$T"; }
check "the pool goes on without a component that alone had some of it" lossy || finish
check "an event names the volume that has lost data" told check.found "Data of disk is lost"
l pool status | sed 's/^/      /'
finish
