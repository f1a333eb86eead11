#!/usr/bin/env bash
# A pool that grows and shrinks under a host: a volume of 2 TiB on components of 2 GiB in all gets a file system, is filled until space is out, takes the write
# that waits when a component is added, and is read back while components are evacuated and removed; then once more after a start.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

begin pool-screenplay
PATH=$PATH:/sbin:/usr/sbin
need "pool screenplay" qemu-img qemu-io mke2fs python3 || finish
build_lunaria || { fail build; finish; }

iqn=iqn.2026-11.test.pool:disks
T=$WORK/pool
mkdir -p "$T" && free_port >"$T/port"
cat >"$T/appliance.json" <<END
{ "schemaVersion": 1, "web": { "listen": "127.0.0.1:0" }, "log": { "size": "256MiB" },
  "pool": { "components": [{ "path": "c0", "size": "1GiB" }, { "path": "c1", "size": "1GiB" }], "spaceWait": "25s" },
  "bootstrap": { "targets": [{ "iqn": "$iqn", "luns": [{ "lun": 0, "volume": "big", "size": "2TiB" }] }] } }
END
lunaria_start "$T" || { fail start; finish; }
url=iscsi://127.0.0.1:$(target_port "$T")/$iqn/0
l() { timeout 120 "$LUNARIA" "$@" --config "$T/appliance.json" --data "$T/data" </dev/null; }
status() { l status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["engine"]["health"])'; }

# io COMMAND...: qemu-io on the LUN; its exit code says nothing of a failed command, its output does.
io() {
  local arguments=() command
  for command in "$@"; do arguments+=(-c "$command"); done
  timeout 120 qemu-io -f raw "${arguments[@]}" "$url" >"$WORK/io" 2>&1
  ! grep -qiE 'fail|error|denied|cannot|could not|mismatch|no space' "$WORK/io" || { cat "$WORK/io"; return 1; }
}

# Made beside the LUN and copied into it, extents only: so the host's format costs what it writes.
format() {
  truncate -s 2T "$T/image" && mke2fs -q -F -t ext4 -m 0 -E lazy_itable_init=1,lazy_journal_init=1,nodiscard "$T/image" &&
    timeout 120 qemu-img convert -n --target-is-zero -f raw -O raw "$T/image" "$url"
}
check "a volume of 2 TiB on 2 GiB is formatted" format
rm -f "$T/image"

# Patterns from 64 GiB on, 32 MiB each: random data would tell no more, since a block knows neither another's place nor a pattern that is not its own.
STEP=$((32 << 20)) FIRST=$((64 << 30)) COUNT=72
pattern() { printf '0x%02x' $(($1 % 250 + 1)); }
fill() {
  local i
  for i in $(seq 0 $((COUNT - 1))); do
    io "write -P $(pattern "$i") $((FIRST + i * STEP)) $STEP" >"$WORK/fill.out" || { cp "$WORK/fill.out" "$WORK/fill.failed"; return 1; }
    echo "$i" >"$WORK/filled"
  done
}
fill & filler=$!

out_of_space() {
  local i
  for i in $(seq 400); do
    [ "$(status)" = OutOfSpace ] && return 0
    kill -0 $filler 2>/dev/null || { echo "the host wrote all: $(cat "$WORK/filled")"; return 1; }
    sleep 0.3
  done
  return 1
}
check "the host writes until space is out" out_of_space
echo "      $(l status | grep '^pool'); the host has written $(($(cat "$WORK/filled" 2>/dev/null || echo 0) * 32)) MiB"
before=$(cat "$WORK/filled")
check "a component is added while the write waits" l pool add c2 --size 2GiB
added=$(date +%s%N)
resumed() { local i; for i in $(seq 1500); do [ "$(cat "$WORK/filled")" = "$before" ] || return 0; sleep 0.02; done; return 1; }
check "the write that waited is answered" resumed
echo "      $((($(date +%s%N) - added) / 1000000)) ms after the component was there"
check "all that follow are, too, and none had an error" wait $filler

verify() { local i; for i in $(seq 0 "$1" $((COUNT - 1))); do io "read -P $(pattern "$i") $((FIRST + i * STEP)) $STEP" || return 1; done; }
shrink() { l pool evacuate c0 && l pool remove c0 --yes; }
verify 3 >"$WORK/verify.out" 2>&1 & verifier=$!
check "a component is evacuated and removed while the host reads" shrink
check "all that was read meanwhile is right" wait $verifier
check "the file is gone" test ! -e "$T/data/c0"
check "all data is right" verify 1
l pool status | sed 's/^/      /'

check "stop" lunaria_stop "$T"
check "a start follows the labels, not appliance.json" lunaria_start "$T"
url=iscsi://127.0.0.1:$(target_port "$T")/$iqn/0
check "all data is right after it" verify 4
check "it has the components that it had" sh -c "'$LUNARIA' pool status --config '$T/appliance.json' --data '$T/data' | grep -c '/c[12] ' | grep -qx 2"
finish
