#!/usr/bin/env bash
# Everything again from the store alone: an appliance on a real S3 store (Ceph's gateway) and one on a pool of this machine lose their data directories, or files of them, and come
# back with what a host wrote, byte for byte; targets and CHAP with them.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"
. "$LIB/rgw.sh"

lunaria() { local dir=$1; shift; timeout 90 "$LUNARIA" "$@" --config "$dir/appliance.json" --data "$dir/data"; }
put() { timeout 120 qemu-img convert -n -t writeback -m 4 -W -f raw -O raw "$1" "$2"; }
same() { timeout 120 qemu-img compare -f raw -F raw "$1" "$2"; }
# url DIR NAME LUN: with the secret of the target that asks for one.
url() { if [ "$2" = safe ]; then target_url "$@" | sed 's,//,//admin%correcthorsebattery@,'; else target_url "$@"; fi; }
image() { head -c "$2" /dev/urandom >"$1"; }

# fill DIR: two volumes, a snapshot and a clone of the first, each with content of its own.
fill() {
  local T=$1
  image "$WORK/a1" 24M; image "$WORK/a2" 24M; image "$WORK/b" 16M; image "$WORK/c" 24M
  check "$2: data of two volumes" put "$WORK/a1" "$(url "$T" open 1)" && check "$2: the second, behind CHAP" put "$WORK/b" "$(url "$T" safe 1)" || return 1
  check "$2: snapshot" lunaria "$T" snapshot create open-1 monday
  check "$2: clone" lunaria "$T" volume clone open-1 monday copy
  check "$2: LUN of the clone" lunaria "$T" lun map "$(target_iqn "$T" open)" copy --lun 2
  check "$2: the volume goes on" put "$WORK/a2" "$(url "$T" open 1)"
  check "$2: the clone, too" put "$WORK/c" "$(url "$T" open 2)"
}

# compare DIR WHAT
compare() {
  check "$2: the volume" same "$WORK/a2" "$(url "$1" open 1)"
  check "$2: behind CHAP" same "$WORK/b" "$(url "$1" safe 1)"
  check "$2: the clone" same "$WORK/c" "$(url "$1" open 2)"
  check "$2: the snapshot" snapshot_is "$1"
  refused "$2: nobody gets in without the secret" "." timeout 30 qemu-img info "$(target_url "$1" safe 1)"
}
snapshot_is() {
  lunaria "$1" volume clone open-1 monday look && lunaria "$1" lun map "$(target_iqn "$1" open)" look --lun 3 && same "$WORK/a1" "$(url "$1" open 3)" || return 1
  lunaria "$1" lun unmap "$(target_iqn "$1" open)" 3 --yes && lunaria "$1" volume delete look --yes
}

bucket() {
  local T=$WORK/bucket
  target_create lunaria "$T" open:1=24MiB safe:1=16MiB chap=safe/admin/correcthorsebattery log=256MiB s3=lunaria/pool keys="$WORK/keys" web=127.0.0.1:0
  target_start "$T" || { fail "bucket: start"; return; }
  fill "$T" bucket || return
  check "bucket: recovery key" lunaria "$T" recovery-key --output "$WORK/recovery.key"
  check "bucket: backend flush" lunaria "$T" backend flush
  check "bucket: backend status" lunaria "$T" backend status
  target_kill "$T"
  rm -rf "$T/data"
  refused "bucket: nothing is begun anew over it" "lunaria import" lunaria_try "$T" 60
  refused "bucket: not without the secrets" "recovery key" lunaria "$T" import
  check "bucket: import" lunaria "$T" import --recovery-key "$WORK/recovery.key"
  target_start "$T" || { fail "bucket: start after the import"; return; }
  compare "$T" "bucket, machine lost"
  check "bucket: flushed again" lunaria "$T" backend flush
  target_kill "$T"
  rm -f "$T"/data/map.db*
  target_start "$T" || { fail "bucket: start without map.db"; return; }
  compare "$T" "bucket, map lost"
  target_stop "$T" && pass "bucket: orderly stop" || fail "bucket: orderly stop"
}

pool() {
  local T=$WORK/pool round load
  target_create lunaria "$T" open:1=24MiB safe:1=16MiB chap=safe/admin/correcthorsebattery log=256MiB pool=2GiB web=127.0.0.1:0
  # Beside the data directory, as a pool is that outlives it.
  sed -i "s,\"pool.0\",\"$T/pool.0\"," "$T/appliance.json"
  target_start "$T" || { fail "pool: start"; return; }
  fill "$T" pool || return
  check "pool: recovery key" lunaria "$T" recovery-key --output "$WORK/recovery.key"
  check "pool: backend flush" lunaria "$T" backend flush
  load=$(build_load) || { fail "pool: the load generator"; return; }
  for round in 1 2 3; do
    timeout 30 "$load" --url "$(target_url "$T" open 2)" --rw randwrite --bs 16k --size 8m --qd 8 --runtime 20 --seed $((SEED + round)) --stamp "$WORK/state" >"$WORK/load" 2>&1 & job=$!
    sleep 2
    target_kill "$T"; wait "$job"
    rm -f "$T"/data/map.db*
    target_start "$T" || { fail "pool: start without map.db, round $round"; return; }
  done
  check "pool: what was acknowledged before kill -9 and the loss of map.db, three times" timeout 60 "$load" --url "$(target_url "$T" open 2)" --bs 16k --size 8m --check "$WORK/state"
  grep -q 'map.db was rebuilt' "$T"/data/logs/* "$T/output" 2>/dev/null && pass "pool: the log tells" || fail "pool: the log tells"
  check "pool: so does an event" sh -c "timeout 60 $LUNARIA event list --config $T/appliance.json --data $T/data | grep catalog.rebuilt"
  check "pool: the clone again" put "$WORK/c" "$(url "$T" open 2)"
  target_kill "$T"
  head -c 100000 /dev/urandom | dd of="$T/data/lunaria.db" conv=notrunc status=none
  target_start "$T" || { fail "pool: start with a damaged lunaria.db"; return; }
  compare "$T" "pool, lunaria.db damaged"
  check "pool: flushed again" lunaria "$T" backend flush
  target_kill "$T"
  rm -rf "$T/data"
  refused "pool: nothing is begun anew over it" "lunaria import" lunaria_try "$T" 60
  check "pool: import" lunaria "$T" import --recovery-key "$WORK/recovery.key"
  target_start "$T" || { fail "pool: start after the import"; return; }
  compare "$T" "pool, data directory lost"
  target_stop "$T" && pass "pool: orderly stop" || fail "pool: orderly stop"
}

begin rebuild
take_seed
need "rebuild" qemu-img || finish
build_lunaria || { fail build; finish; }
pool
rgw_start || { skip "bucket" "Ceph's gateway cannot be started (shared/s3/rgw-up.sh)"; finish; }
s3_keys "$WORK/keys"
check "bucket" s3 make lunaria || finish
bucket
finish
