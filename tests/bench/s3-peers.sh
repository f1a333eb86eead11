#!/usr/bin/env bash
# Beside others that serve blocks out of the same Ceph, in one run, by turns: s3backer served by tgt, and tgt on RBD. Cold reads, overwrites of a set that is larger than the cache, and what
# 50 ms more to the store cost a flush. Prints the medians and their ratios beside what is wanted of them.
# The set is large enough for the start of a program to be a small part of reading it in order.
# For the cold reads each has the cache that it comes with, the peers' as large as the data; for the reads called small, and for overwrites, one of an eighth of it.
# --beside: another build of the appliance, which takes turns with this one as "before" in all cold reads.
#   s3-peers.sh [--rounds N] [--seconds N] [--size MIB] [--only cold|random|order|small|overwrite|flush] [--beside PROGRAM]
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"
. "$LIB/rgw.sh"

rounds=3 seconds=6 size=1024 only='' beside=''
while [ $# -gt 0 ]; do
  case $1 in --rounds) rounds=$2 ;; --seconds) seconds=$2 ;; --size) size=$2 ;; --only) only=$2 ;; --beside) beside=$2 ;; *) echo "unknown option $1" >&2; exit 2 ;; esac
  shift 2
done

# One tgtd for both peers, with a socket of its own; its LUN 1 of target NAME is FILE, or an image of RBD.
peers_iqn() { echo "iqn.2026-11.test.peer:$1"; }
peers_admin() { TGT_IPC_SOCKET=$WORK/tgt/socket tgtadm --control-port "$peers_control" --lld iscsi "$@"; }
peers_start() {
  local try
  mkdir -p "$WORK/tgt"
  TGT_IPC_SOCKET=$WORK/tgt/socket tgtd -f --control-port "$peers_control" --iscsi "portal=127.0.0.1:$peers_port" >>"$WORK/tgt/output" 2>&1 </dev/null &
  echo $! >"$WORK/tgt/pid"; disown $!
  for try in $(seq 200); do peers_admin --op show --mode sys >/dev/null 2>&1 && return 0; sleep 0.05; done
  echo "tgtd does not answer ($try tries)" >&2; return 1
}
# lun TID NAME TYPE STORE [OPTION...]
lun() {
  local tid=$1 name=$2 type=$3 file=$4; shift 4
  peers_admin --op new --mode target --tid "$tid" -T "$(peers_iqn "$name")" && peers_admin --op new --mode logicalunit --tid "$tid" --lun 1 --bstype "$type" --backing-store "$file" "$@" \
    && peers_admin --op bind --mode target --tid "$tid" -I ALL
}
gone_lun() { peers_admin --op delete --mode target --tid "$1" --force >/dev/null 2>&1; }

# s3backer_mount OPTION...: its file is $WORK/mnt/file.
s3backer_mount() {
  mkdir -p "$WORK/mnt"
  s3backer --accessFile="$WORK/passwd" --baseURL="$S3_ENDPOINT/" --blockSize=128k --size="${size}m" --prefix=v1/ --listBlocks --directIO --quiet "$@" s3b "$WORK/mnt" \
    >>"$WORK/s3backer.out" 2>&1 || return 1
  pgrep -x -f "s3backer .*$WORK/mnt" >"$WORK/s3backer.pid" && [ -f "$WORK/mnt/file" ]
}
s3backer_unmount() {
  [ -f "$WORK/s3backer.pid" ] || return 0
  umount "$WORK/mnt" && gone "$(cat "$WORK/s3backer.pid")" 120
  rm -f "$WORK/s3backer.pid"
}
leave() { gone_lun 1; gone_lun 2; s3backer_unmount; rgw_stop; clean_up; }

# A cold start of each: nothing of the data in a cache of its own. The store's own caches are the same for all.
cold_lunaria() { target_stop "$T"; rm -rf "$T"/data/cache*; target_start "$T"; }
cold_before() { local LUNARIA=$beside; cold_lunaria; }
cold_s3backer() { gone_lun 2; s3backer_unmount && s3backer_mount --blockCacheSize=$((size * 8)) && lun 2 s3b rdwr "$WORK/mnt/file"; }
cold_small() { gone_lun 2; s3backer_unmount && s3backer_mount --blockCacheSize="$size" && lun 2 s3b rdwr "$WORK/mnt/file"; }
cold_durable() { gone_lun 2; s3backer_unmount && s3backer_mount --blockCacheSize="$size" --blockCacheSync --blockCacheWriteDelay=0 --md5CacheSize=0 --md5CacheTime=0 --minWriteDelay=0 && lun 2 s3b rdwr "$WORK/mnt/file"; }
cold_rbd() { gone_lun 1; lun 1 rbd rbd rbd/vol --bsopts "conf=$CEPH_CONF;id=admin"; }
url() {
  case $1 in
    lunaria | before) target_url "$T" disk 1 ;;
    rbd) echo "iscsi://127.0.0.1:$peers_port/$(peers_iqn rbd)/1" ;;
    *) echo "iscsi://127.0.0.1:$peers_port/$(peers_iqn s3b)/1" ;;
  esac
}
fill() { timeout 600 qemu-io -f raw -c "write -P 0x5a 0 ${size}M" -c flush "$(url "$1")"; }

# run WHO FIELD... -- OPTION...: one number of a load.
run() {
  local who=$1 fields=(); shift
  while [ "$1" != -- ]; do fields+=("$1"); shift; done; shift
  timeout $((seconds + 120)) "$LOAD" --url "$(url "$who")" --size "${size}m" --runtime "$seconds" --seed $RANDOM "$@" >"$WORK/load" 2>"$WORK/load.err" || { tail -n 2 "$WORK/load.err" >&2; return 1; }
  field "$(tail -n 1 "$WORK/load")" "${fields[@]}"
}
# MiB a second of one pass in order over all of it, from cold.
pass_in_order() {
  timeout 300 qemu-img bench -f raw -t none -d 4 -s 131072 -S 131072 -c $((size * 8)) "$(url "$1")" >"$WORK/pass" 2>&1 || { tail -n 2 "$WORK/pass" >&2; return 1; }
  awk -v mib="$size" '/completed in/ { for (i = 1; i <= NF; i++) if ($i == "in") printf "%.1f\n", mib / $(i + 1) }' "$WORK/pass"
}
median() { printf '%s\n' "$@" | sort -g | sed -n "$((($# + 1) / 2))p"; }

# by_turns NAME UNIT WANTED WHO... -- COMMAND...: each of them cold, then COMMAND WHO, which prints a number; medians of all, and the first one's ratio to each other.
by_turns() {
  local name=$1 unit=$2 wanted=$3 who value round all=() ratio; shift 3
  declare -A values=()
  while [ "$1" != -- ]; do all+=("$1"); shift; done; shift
  for ((round = 0; round < rounds; round++)); do
    for who in "${all[@]}"; do
      "cold_$who" >"$WORK/cold" 2>&1 || { fail "$name" "$who does not start: $(tail -n 2 "$WORK/cold")"; return; }
      value=$("$1" "$who" "${@:2}") || { fail "$name" "$who"; return; }
      values[$who]+="$value "
    done
  done
  for who in "${all[@]}"; do echo "      $name: $who ${values[$who]}"; done
  for who in "${all[@]:1}"; do
    # shellcheck disable=SC2086
    ratio=$(awk -v a="$(median ${values[${all[0]}]})" -v b="$(median ${values[$who]})" 'BEGIN { printf "%.2f", b ? a / b : 0 }')
    # shellcheck disable=SC2086
    printf '      %-28s %8s %s against %8s of %-8s = %s (wanted %s: %s)\n' "$name" "$(median ${values[${all[0]}]})" "$unit" "$(median ${values[$who]})" "$who" "$ratio" "$wanted" \
      "$(awk -v r="$ratio" -v w="$wanted" 'BEGIN { print (r >= w ? "met" : "NOT MET") }')"
  done
  PASSED=$((PASSED + 1))
}

# flush_latency: a write of 4 KiB with a flush behind each, alone, by turns with 50 ms more before each answer of the store and without; while the destager works.
flush_latency() {
  local round value slow=() fast=() ratio size=64
  for ((round = 0; round < 2 * rounds; round++)); do
    for value in 0 50; do
      if [ $value = 0 ]; then proxy_faults '[]'; else proxy_faults '[{"fault":"delay","seconds":0.05}]'; fi
      run lunaria flush p50_us -- --rw randwrite --bs 4k --qd 1 --flush-every 1 >"$WORK/us" || { fail "flush latency"; return; }
      if [ $value = 0 ]; then fast+=("$(cat "$WORK/us")"); else slow+=("$(cat "$WORK/us")"); fi
    done
  done
  proxy_faults '[]'
  ratio=$(awk -v a="$(median "${slow[@]}")" -v b="$(median "${fast[@]}")" 'BEGIN { printf "%.2f", a / b }')
  printf '      %-28s %8s us with 50 ms added, %s us without = %s (allowed 1.05: %s)\n' "flush, median" "$(median "${slow[@]}")" "$(median "${fast[@]}")" "$ratio" \
    "$(awk -v r="$ratio" 'BEGIN { print (r <= 1.05 ? "met" : "NOT MET") }')"
  PASSED=$((PASSED + 1))
}

begin s3-peers
take_seed
need s3-peers gcc qemu-io || finish
build_lunaria || { fail build; finish; }
LOAD=$(build_load) || { skip s3-peers "the load generator cannot be built"; finish; }
rgw_start bluestore || { skip s3-peers "Ceph's gateway cannot be started (shared/s3/rgw-up.sh)"; finish; }
s3_keys "$WORK/keys"
check bucket s3 make lunaria || finish
proxy_start || { fail proxy; finish; }
T=$WORK/t
if [ "$only" != flush ]; then
  need "the peers" s3backer tgtd rbd pgrep || finish
  check "bucket of s3backer" s3 make s3b || finish
  peers_port=$(free_port) peers_control=$((RANDOM % 20000 + 1000))
  (umask 077; echo "$S3_ACCESS_KEY:$S3_SECRET_KEY" >"$WORK/passwd")
  trap leave EXIT
  check "RBD" sh -c "ceph --conf=$CEPH_CONF osd pool create rbd 8 && rbd --conf=$CEPH_CONF pool init rbd && rbd --conf=$CEPH_CONF create rbd/vol --size ${size}M" || finish
  check "tgtd" peers_start || finish
  printf 'rbd cache size = %d\nrbd cache max dirty = %d\n' $((size << 20)) $((size << 19)) | sed -i '/^\[client\]$/r /dev/stdin' "$CEPH_CONF"
  target_create lunaria "$T" disk:1=${size}MiB log=256MiB s3=lunaria/peers keys="$WORK/keys" web=127.0.0.1:0
  target_start "$T" || { fail start; finish; }
  for who in s3backer rbd lunaria; do check "$who: start" "cold_$who" && check "$who: $size MiB written" fill "$who" || finish; done
  check "all in the bucket" timeout 200 "$LUNARIA" backend flush --config "$T/appliance.json" --data "$T/data"
fi
# wants NAME...: true where --only is left out or one of them.
wants() { [ -z "$only" ] || case " $* " in *" $only "*) ;; *) false ;; esac; }
ours=(lunaria ${beside:+before})
wants random cold && by_turns "cold 4 KiB random read, QD16" IOPS 1.5 "${ours[@]}" s3backer rbd -- run iops -- --rw randread --bs 4k --qd 16
wants order cold && by_turns "cold 128 KiB read in order" MiB/s 2 "${ours[@]}" s3backer -- pass_in_order
if wants small cold overwrite; then
  # The write log and the cache are smaller than the set here.
  target_stop "$T" && target_create lunaria "$T" disk:1=${size}MiB log=256MiB s3=lunaria/peers keys="$WORK/keys" cache=$((size / 8))MiB web=127.0.0.1:0 && target_start "$T" || { fail "start with a small cache"; finish; }
fi
wants small cold && by_turns "the same with a small cache" IOPS 1.5 "${ours[@]}" small -- run iops -- --rw randread --bs 4k --qd 16
wants overwrite && by_turns "4 KiB overwrite, QD16, durable" IOPS 20 lunaria durable -- run iops -- --rw randwrite --bs 4k --qd 16 --fua
[ "$only" = flush ] || target_stop "$T" || fail "orderly stop"
if wants flush; then
  T=$WORK/flush
  target_create lunaria "$T" disk:1=64MiB log=256MiB s3=lunaria/flush keys="$WORK/keys" endpoint="$PROXY"
  target_start "$T" || { fail start; finish; }
  flush_latency
  target_stop "$T" || fail "orderly stop"
fi
finish
