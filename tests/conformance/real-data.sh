#!/usr/bin/env bash
# A file system full of real files goes in by QEMU's initiator, and is byte-equal and clean after a restart and after a kill -9.
#   real-data.sh [--target lunaria|tgt] [--tree FOLDER]        FOLDER: 1 GiB or more
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

kind=lunaria tree=''
while [ $# -gt 0 ]; do
  case $1 in --target) kind=$2 ;; --tree) tree=$2 ;; *) echo "unknown option $1" >&2; exit 2 ;; esac
  shift 2
done

# pick_tree: the first of these with 1 to 3 GiB, else all of /usr's libraries.
pick_tree() {
  local folder mib
  for folder in /usr/lib/x86_64-linux-gnu /usr/share /usr/lib /usr; do
    mib=$(du -sxm "$folder" 2>/dev/null | cut -f1)
    [ "${mib:-0}" -ge 1024 ] && [ "$mib" -le 3072 ] && { echo "$folder"; return; }
  done
  echo /usr/lib
}

begin real-data
need "real data" mke2fs e2fsck qemu-img || finish
qemu-img --help | grep -q 'Supported formats:.*iscsi' || { skip "real data" "QEMU's iSCSI driver (qemu-block-extra) is not installed"; finish; }
[ "$kind" = tgt ] || build_lunaria || { fail build; finish; }
[ -n "$tree" ] || tree=$(pick_tree)
tree_mib=$(du -sxm "$tree" | cut -f1) image=$WORK/image
image_mib=$((tree_mib * 5 / 4 + 256))
echo "$tree: $tree_mib MiB, image of $image_mib MiB"
truncate -s "${image_mib}M" "$image"
check "mke2fs -d $tree" timeout 600 mke2fs -q -t ext4 -b 4096 -d "$tree" "$image" || finish

T=$WORK/t
target_create "$kind" "$T" real:1=${image_mib}MiB pool=$((image_mib / 4 * 8 + 2048))MiB log=512MiB
target_start "$T" || { fail start; finish; }
url=$(target_url "$T" real 1)
equal() { check "$1" timeout 300 qemu-img compare -f raw -F raw "$image" "$url"; }
began=$(date +%s%N)
check "qemu-img convert in" timeout 600 qemu-img convert -n -t writeback -m 8 -W -f raw -O raw "$image" "$url" || finish
echo "      $((image_mib * 1000 / (($(date +%s%N) - began) / 1000000))) MiB of image per second"
equal "equal"
target_stop "$T" && pass "orderly stop" || fail "orderly stop"
target_start "$T" || { fail "restart"; finish; }
equal "equal after a restart (ready after $READY_MS ms)"
target_kill "$T"
target_start "$T" || { fail "start after kill -9"; finish; }
equal "equal after kill -9 (ready after $READY_MS ms)"
check "qemu-img convert out, 16 at a time, out of order" timeout 600 qemu-img convert -m 16 -W -f raw -O raw "$url" "$WORK/back"
target_stop "$T" || fail "second orderly stop"
check "cmp" cmp -n $((image_mib << 20)) "$image" "$WORK/back"
check "e2fsck -fn" timeout 300 e2fsck -fn "$WORK/back"
finish
