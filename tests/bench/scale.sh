#!/usr/bin/env bash
# What a promise of 64 TiB costs: time to create and to open, bytes on the disk, memory of ten such volumes, first and last block.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

begin scale
need scale qemu-io || finish
build_lunaria || { fail build; finish; }

# used: KiB on the disk of the pool and the metadata; the log is preallocated and is no cost of a volume.
used() { du -sk --exclude=log "$1/data" | cut -f1; }
# io URL COMMAND...
io() {
  local url=$1 arguments=() command; shift
  for command in "$@"; do arguments+=(-c "$command"); done
  timeout 60 qemu-io -f raw "${arguments[@]}" "$url" >"$WORK/io" 2>&1
  ! grep -qiE 'fail|error|denied|cannot' "$WORK/io" || { cat "$WORK/io"; return 1; }
}
last=$(((1 << 46) - 4096))

T=$WORK/none
target_create lunaria "$T" log=256MiB pool=64GiB
target_start "$T" || { fail "start without a volume"; finish; }
target_stop "$T"; target_start "$T" || { fail "second start without a volume"; finish; }
empty_ms=$READY_MS empty_kib=$(used "$T")
target_stop "$T"
echo "an appliance without volumes is ready after $empty_ms ms and uses $empty_kib KiB"

# The configuration of a data directory may grow: the volume is created at the next start.
target_create lunaria "$T" big:1=64TiB log=256MiB pool=64GiB
target_start "$T" || { fail "start with a new 64 TiB volume"; finish; }
at_most "create a 64 TiB volume, start included" "$READY_MS" $((1000 + empty_ms)) ms
at_most "disk space of a 64 TiB volume" $(($(used "$T") - empty_kib)) $((16 << 10)) KiB
url=$(target_url "$T" big 1)
check "first and last block" io "$url" "write -P 0x41 0 4k" "write -P 0x42 $last 4k" "read -P 0x41 0 4k" "read -P 0x42 $last 4k" "read -P 0 $((1 << 45)) 64k"
target_stop "$T" || fail "orderly stop"
target_start "$T" || { fail restart; finish; }
at_most "open a 64 TiB volume, start included" "$READY_MS" $((1000 + empty_ms)) ms
check "first and last block after a restart" io "$url" "read -P 0x41 0 4k" "read -P 0x42 $last 4k"
at_most "disk space with two blocks written" $(($(used "$T") - empty_kib)) $((16 << 10)) KiB
target_stop "$T" || fail "orderly stop"

volumes=(); for n in {1..10}; do volumes+=("big:$n=64TiB"); done
T=$WORK/ten
target_create lunaria "$T" "${volumes[@]}" log=256MiB pool=64GiB
target_start "$T" || { fail "start with ten volumes"; finish; }
for n in {1..10}; do io "$(target_url "$T" big "$n")" "write -P 0x43 $last 4k" "read -P 0x43 $last 4k" || fail "volume $n"; done
sleep 2
at_most "resident memory with ten 64 TiB volumes, idle" $(($(target_rss "$T") / 1024)) 300 MiB
target_stop "$T" || fail "orderly stop"
finish
