#!/usr/bin/env bash
# How long it takes to rebuild an appliance from its bucket alone: so many GiB mapped (copies by reference of what is written once, and blocks written at random among them),
# kill -9, the data directory deleted, `lunaria import`, start. At most 60 s are allowed for 1 TiB.
#   s3-rebuild.sh [GIB] [SECONDS]     mapped (default 1024); of random writes (default 20)
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"
. "$LIB/rgw.sh"

gib=${1:-1024} seconds=${2:-20} written=256

lunaria() { timeout 300 "$LUNARIA" "$@" --config "$T/appliance.json" --data "$T/data"; }
copies() { timeout 600 "$WORK/copies" "127.0.0.1:$(target_port "$T")" "$(target_iqn "$T" disk)" "$@"; }
ms() { date +%s%3N; }

# fill: every block of the LUN is mapped, in copies each as long as what there is.
fill() {
  local have total=$((gib * 1024))
  copies fill 1 "$written" || return
  for ((have = written; have < total; have *= 2)); do copies xcopy 1 1 0 "$have" $((have < total - have ? have : total - have)) || return; done
}

begin s3-rebuild
take_seed
need s3-rebuild gcc || finish
build_lunaria || { fail build; finish; }
LOAD=$(build_load) || { skip "rebuild of $gib GiB" "the load generator cannot be built"; finish; }
gcc -O2 -o "$WORK/copies" "$REPO/tests/bench/copies.c" -liscsi || { fail "copies.c does not compile"; finish; }
rgw_start bluestore || { skip "rebuild of $gib GiB" "Ceph's gateway cannot be started (shared/s3/rgw-up.sh)"; finish; }
s3_keys "$WORK/keys"
check bucket s3 make lunaria || finish
T=$WORK/t
target_create lunaria "$T" disk:1=${gib}GiB log=1GiB s3=lunaria/rebuild keys="$WORK/keys" web=127.0.0.1:0
target_start "$T" || { fail start; finish; }
check "$gib GiB mapped" fill || finish
# Behind what is checked by its pattern: the second half.
check "random writes of 4 KiB for $seconds s" timeout $((seconds + 60)) "$LOAD" --url "$(target_url "$T" disk 1)" --rw randwrite --bs 4k --qd 32 --offset $((gib / 2))g --size $((gib / 2))g \
  --runtime "$seconds" --seed "$SEED" --stamp "$WORK/state" || finish
check "backend flush" lunaria backend flush || finish
target_kill "$T"
rm -rf "$T/data"
begun=$(ms)
check import lunaria import || finish
imported=$(ms)
target_start "$T" || { fail "start after the import"; finish; }
ready=$(ms)
echo "      catalog in the bucket: $(s3 keys lunaria rebuild/catalog/ | awk '{ n += $2 } END { print NR " objects, " int(n / 1048576) " MiB" }'); import $((imported - begun)) ms, start $((ready - imported)) ms"
at_most "$gib GiB rebuilt" $((ready - begun)) $((60000 * gib / 1024 + 10000 * (gib < 1024))) ms
check "what was copied" copies check 1 $((gib * 512)) "$written"
check "what was written at random" timeout 300 "$LOAD" --url "$(target_url "$T" disk 1)" --bs 4k --offset $((gib / 2))g --size $((gib / 2))g --check "$WORK/state"
target_stop "$T" || fail "orderly stop"
finish
