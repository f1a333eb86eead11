#!/usr/bin/env bash
# The life of a LUN by the command line, and once more by the API alone: create, map, write, snapshot, clone, roll back, resize, unmap,
# delete; each step seen from the host's side, with QEMU's block driver and libiscsi's tools.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

begin life-of-a-lun
need "life of a LUN" qemu-img qemu-io iscsi-ls curl python3 || finish
build_lunaria || { fail build; finish; }

iqn=iqn.2026-11.test.life:disks
T=$WORK/life
mkdir -p "$T" && free_port >"$T/port"
cat >"$T/appliance.json" <<END
{ "schemaVersion": 1, "web": { "listen": "127.0.0.1:0" }, "pool": { "components": [{ "path": "pool.0", "size": "16GiB" }] },
  "log": { "size": "256MiB" } }
END
lunaria_start "$T" || { fail start; finish; }
portal=127.0.0.1:$(target_port "$T")
url() { echo "iscsi://$portal/$iqn/$1"; }

l() { timeout 60 "$LUNARIA" "$@" --config "$T/appliance.json" --data "$T/data" </dev/null; }
server=$(cat "$T/data/web/url")
# The certificate is trusted by its file; it is for localhost as well as for the address.
api() { # METHOD PATH [BODY]: fails where the answer is no success
  curl -sS --fail-with-body --max-time 60 --cacert "$T/data/web/certificate.pem" -H "Authorization: Bearer $(cat "$T/data/web/token")" \
    -X "$1" ${3:+-H "Content-Type: application/json" -d "$3"} "$server/api/v1/$2"
}
# io LUN COMMAND...: qemu-io on a LUN; fails where a command does.
io() {
  local lun=$1 arguments=() command; shift
  for command in "$@"; do arguments+=(-c "$command"); done
  timeout 60 qemu-io -f raw "${arguments[@]}" "$(url "$lun")" >"$WORK/io" 2>&1
  ! grep -qiE 'fail|error|denied|cannot|could not|mismatch' "$WORK/io" || { cat "$WORK/io"; return 1; }
}
io_read_only() {
  local lun=$1 arguments=() command; shift
  for command in "$@"; do arguments+=(-c "$command"); done
  timeout 60 qemu-io -r -f raw "${arguments[@]}" "$(url "$lun")" >"$WORK/io" 2>&1
  ! grep -qiE 'fail|error|denied|cannot|could not|mismatch' "$WORK/io" || { cat "$WORK/io"; return 1; }
}
restart() { lunaria_stop "$T" && lunaria_start "$T" && server=$(cat "$T/data/web/url"); }
size_is() { timeout 60 qemu-img info --output=json "$(url "$1")" | grep -q "\"virtual-size\": $2\b"; }
gone_for_host() { ! timeout 60 qemu-img info "$(url "$1")" >"$WORK/info" 2>&1; }

# life HOW: the same life; HOW is cli or api, the functions below do the steps.
life() {
  local how=$1
  check "$how: create a volume" "${how}_create"
  check "$how: create it again" "${how}_create"
  check "$how: target and LUN" "${how}_map"
  check "$how: the host finds the target" sh -c "iscsi-ls iscsi://$portal | grep -q $iqn"
  check "$how: the host sees 1 GiB" size_is 0 $((1 << 30))
  check "$how: the host writes" io 0 "write -P 0x11 0 1M" "write -P 0x12 $(((1 << 30) - 65536)) 64k" flush
  check "$how: snapshot" "${how}_snapshot"
  check "$how: the host writes over it" io 0 "write -P 0x21 0 64k" "discard 512k 64k"
  check "$how: clone" "${how}_clone"
  check "$how: the clone is the snapshot" io 1 "read -P 0x11 0 1M" "read -P 0x12 $(((1 << 30) - 65536)) 64k"
  check "$how: the clone is written" io 1 "write -P 0x31 0 4k" "read -P 0x31 0 4k" "read -P 0x11 4k 60k"
  check "$how: the origin is not" io 0 "read -P 0x21 0 64k" "read -P 0 512k 64k"
  check "$how: the snapshot as a LUN" "${how}_map_snapshot"
  check "$how: it is what was written first" io_read_only 2 "read -P 0x11 0 1M"
  check "$how: an orderly restart" restart
  check "$how: it is that after a restart, too" io_read_only 2 "read -P 0x11 0 1M"
  refused "$how: a mapped snapshot is not deleted" "unmap it first" "${how}_delete_snapshot"
  check "$how: unmap the snapshot" "${how}_unmap_snapshot"
  check "$how: roll back" "${how}_rollback"
  check "$how: the host sees the old data" io 0 "read -P 0x11 0 1M" "read -P 0x12 $(((1 << 30) - 65536)) 64k"
  check "$how: resize" "${how}_resize"
  check "$how: the host sees 2 GiB" size_is 0 $((2 << 30))
  check "$how: the new part is zeros and takes data" io 0 "read -P 0 $((1 << 30)) 1M" "write -P 0x41 $(((2 << 30) - 4096)) 4k" "read -P 0x41 $(((2 << 30) - 4096)) 4k"
  refused "$how: a mapped volume is not deleted" "unmap it first" "${how}_delete_volume"
  check "$how: unmap" "${how}_unmap"
  check "$how: the host sees no LUN 0" gone_for_host 0
  check "$how: delete all" "${how}_delete_all"
  check "$how: the host finds no target" sh -c "! iscsi-ls iscsi://$portal | grep -q $iqn"
}

cli_create() { l volume create disk1 --size 1GiB; }
cli_map() { l target create $iqn --initiator '*' && l lun map $iqn disk1 --lun 0; }
cli_snapshot() { l snapshot create disk1 monday && l snapshot list disk1 | grep -q monday; }
cli_clone() { l volume clone disk1 monday copy1 && l lun map $iqn copy1 --lun 1; }
cli_map_snapshot() { l lun map $iqn disk1@monday --lun 2; }
cli_delete_snapshot() { l snapshot delete disk1 monday --yes; }
cli_unmap_snapshot() { l lun unmap $iqn 2 --yes; }
cli_rollback() { l volume rollback disk1 monday --yes; }
cli_resize() { l volume resize disk1 --size 2GiB; }
cli_delete_volume() { l volume delete disk1 --with-snapshots --yes; }
cli_unmap() { l lun unmap $iqn 0 --yes && l lun unmap $iqn 1 --yes; }
cli_delete_all() {
  l volume delete disk1 --with-snapshots --yes && l volume delete copy1 --yes && l target delete $iqn --yes &&
    [ "$(l volume list --json | tr -d ' \n')" = '[]' ]
}

api_create() { api POST volumes '{"name": "disk1", "sizeBytes": 1073741824}'; }
api_map() { api POST targets "{\"iqn\": \"$iqn\", \"initiators\": [\"*\"]}" && api POST "targets/$iqn/luns" '{"volume": "disk1", "lun": 0}'; }
api_snapshot() { api POST volumes/disk1/snapshots '{"name": "monday"}' && api GET volumes/disk1/snapshots | grep -q monday; }
api_clone() { api POST volumes/disk1/snapshots/monday/clone '{"name": "copy1"}' && api POST "targets/$iqn/luns" '{"volume": "copy1", "lun": 1}'; }
api_map_snapshot() { api POST "targets/$iqn/luns" '{"volume": "disk1@monday", "lun": 2}'; }
api_delete_snapshot() { api DELETE volumes/disk1/snapshots/monday; }
api_unmap_snapshot() { api DELETE "targets/$iqn/luns/2"; }
api_rollback() { api POST volumes/disk1/snapshots/monday/rollback '{}'; }
api_resize() { api PATCH volumes/disk1 '{"sizeBytes": 2147483648}'; }
api_delete_volume() { api DELETE 'volumes/disk1?snapshots=true'; }
api_unmap() { api DELETE "targets/$iqn/luns/0" && api DELETE "targets/$iqn/luns/1"; }
api_delete_all() {
  api DELETE 'volumes/disk1?snapshots=true' && api DELETE volumes/copy1 && api DELETE "targets/$iqn" &&
    [ "$(api GET volumes | tr -d ' \n')" = '[]' ]
}

life cli
life api

# A volume leaves as a pipe and comes in again, with its changes, broken off once.
transfer() {
  l volume create disk1 --size 64MiB && l target create $iqn --initiator '*' && l lun map $iqn disk1 --lun 0 &&
    io 0 "write -P 0x51 0 48M" && l snapshot create disk1 one && io 0 "write -P 0x52 1M 64k" "discard 2M 1M" && l snapshot create disk1 two || return 1
  l volume export disk1 one | timeout 60 "$LUNARIA" volume import disk2 --config "$T/appliance.json" --data "$T/data" || return 1
  l volume export disk1 two --since one --to "$WORK/two.export" || return 1
  truncate -s -100 "$WORK/two.export"
  ! l volume import disk2 --from "$WORK/two.export" || return 1
  l volume export disk1 two --since one --to "$WORK/two.export" --resume && l volume import disk2 --from "$WORK/two.export" --resume && l lun map $iqn disk2 --lun 1
}
check "export by pipe, changes by file, broken off and resumed on both sides" transfer
check "the imported volume is the exported one" io 1 "read -P 0x51 0 1M" "read -P 0x52 1M 64k" "read -P 0 2M 1M" "read -P 0x51 3M 45M" "read -P 0 48M 16M"
check "every change is in the audit log" sh -c "[ $(l audit list --json | grep -c '"action"') -ge 24 ]"
check "orderly stop" lunaria_stop "$T"
finish
