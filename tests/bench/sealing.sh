#!/usr/bin/env bash
# What encryption and compression cost, side by side: the same image in, out and read at random, on a pool that is plain, encrypted,
# compressed, and both. Ratios to the plain one; the machine's own numbers mean little.
#   sealing.sh [SECONDS]     how long the random reads run (default 5)
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

seconds=${1:-5}

ask() { curl -sS -m 20 --cacert "$T/data/web/certificate.pem" -H "Authorization: Bearer $(cat "$T/data/web/token")" "$(tr -d '\n' <"$T/data/web/url" | sed 's|/$||')/$1"; }
metric() { ask metrics | awk -v name="$1" 'index($1, name) == 1 { n += $2 } END { printf "%.0f\n", n }'; }
until_destaged() { local i; for ((i = 0; i < 600; i++)); do [ "$(metric lunaria_log_used_bytes)" -lt $((1 << 20)) ] && return 0; sleep 0.1; done; return 1; }
now() { date +%s%N; }

# measure NAME SPEC...: a line "in MiB/s, out MiB/s, reads/s, CPU seconds, MiB in the pool" in $WORK/NAME.
measure() {
  local name=$1 started in out reads cpu used; shift
  T=$WORK/$name
  target_create lunaria "$T" d:1=${image_mib}MiB log=1GiB pool=4GiB web=127.0.0.1:0 "$@"
  target_start "$T" || { fail "$name: start"; return 1; }
  started=$(now)
  timeout 200 qemu-img convert -n -t writeback -m 8 -W -f raw -O raw "$WORK/image" "$(target_url "$T" d 1)" || { fail "$name: in"; return 1; }
  until_destaged || { fail "$name: the log is not emptied"; return 1; }
  in=$(($(now) - started))
  target_stop "$T" && target_start "$T" || { fail "$name: restart"; return 1; }
  started=$(now)
  timeout 200 qemu-img compare -f raw -F raw "$WORK/image" "$(target_url "$T" d 1)" >/dev/null || { fail "$name: equal"; return 1; }
  out=$(($(now) - started))
  timeout 60 "$LOAD" --url "$(target_url "$T" d 1)" --rw randread --bs 4k --qd 16 --size "${data_mib}m" --runtime "$seconds" >"$WORK/load" 2>&1 || { fail "$name: reads"; return 1; }
  reads=$(field "$(tail -n 1 "$WORK/load")" iops)
  cpu=$(target_cpu "$T")
  used=$((($(metric lunaria_pool_size_bytes) - $(metric lunaria_pool_free_bytes)) >> 20))
  target_stop "$T" || fail "$name: orderly stop"
  awk -v mib="$image_mib" -v i="$in" -v o="$out" -v r="$reads" -v c="$cpu" -v u="$used" 'BEGIN { printf "%.1f %.1f %.0f %.2f %d\n", mib * 1e9 / i, mib * 1e9 / o, r, c, u }' >"$WORK/$name.line"
  rm -rf "$T"
}

begin sealing
need sealing qemu-img mke2fs gcc curl openssl || finish
build_lunaria || { fail build; finish; }
LOAD=$(build_load) || { skip sealing "the load generator cannot be built"; finish; }
tree=$(dirname "$LUNARIA")
data_mib=$(du -sm "$tree" | cut -f 1) image_mib=$((data_mib * 5 / 4 + 32))
truncate -s "${image_mib}M" "$WORK/image"
check "an image of programs, ${image_mib} MiB" mke2fs -q -t ext4 -b 4096 -d "$tree" "$WORK/image" || finish
openssl rand -hex 32 >"$WORK/pool.key"; chmod 600 "$WORK/pool.key"
measure plain || finish
measure encrypted encryption="file:$WORK/pool.key" || finish
measure compressed compression=on || finish
measure both encryption="file:$WORK/pool.key" compression=on || finish
printf '      %-12s %14s %14s %14s %14s %14s\n' pool "in, MiB/s" "out, MiB/s" "4 KiB reads/s" "CPU, s" "used, MiB"
for name in plain encrypted compressed both; do
  paste -d ' ' "$WORK/plain.line" "$WORK/$name.line" | awk -v name="$name" '{
    printf "      %-12s", name
    for (i = 1; i <= 5; i++) printf " %8s (%.2f)", $(i + 5), ($i ? $(i + 5) / $i : 0)
    print "" }'
done
# Compressed programs take a tenth less room at least, and encrypted ones hardly more than plain ones.
awk '{ exit !($10 < $5 * 0.9) }' <(paste -d ' ' "$WORK/plain.line" "$WORK/compressed.line") && pass "compression saves room" || fail "compression saves room"
awk '{ exit !($10 < $5 * 1.1 + 8) }' <(paste -d ' ' "$WORK/plain.line" "$WORK/encrypted.line") && pass "encryption takes no room" || fail "encryption takes no room"
finish
