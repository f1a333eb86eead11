#!/usr/bin/env bash
# Uploads per GiB that hosts write to a volume in a bucket: at most 70 of sequential writes, at most 90 of 4 KiB by Zipf 0.99.
#   s3-puts.sh [SECONDS]     how long each load runs (default 12)
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"
. "$LIB/rgw.sh"

seconds=${1:-12}

ask() { curl -sS -m 20 --cacert "$T/data/web/certificate.pem" -H "Authorization: Bearer $(cat "$T/data/web/token")" "$(tr -d '\n' <"$T/data/web/url" | sed 's|/$||')/$1"; }
metric() { ask metrics | awk -v name="$1" 'index($1, name) == 1 { n += $2 } END { printf "%.0f\n", n }'; }
puts() { metric 'lunaria_store_request_duration_seconds_count{operation="put"'; }
written() { metric 'lunaria_volume_written_bytes_total'; }
# until_destaged: the log has nothing that is not in the bucket (at most 120 s).
until_destaged() {
  local i
  for ((i = 0; i < 600; i++)); do
    [ "$(metric lunaria_log_used_bytes)" -lt $((1 << 20)) ] && return 0
    sleep 0.2
  done
  return 1
}

not_destaged() { echo "$(($(metric lunaria_log_used_bytes) >> 20)) MiB left; last line of the appliance: $(tail -n 1 "$T/output")"; }

# measure NAME MOST OPTION...: a load, then how many uploads it took.
measure() {
  local name=$1 most=$2 before bytes rate; shift 2
  until_destaged || { fail "$name" "the log is not emptied: $(not_destaged)"; return; }
  before=$(puts) bytes=$(written)
  timeout $((seconds + 60)) "$LOAD" --url "$(target_url "$T" puts 1)" --runtime "$seconds" "$@" >"$WORK/load" 2>&1 || { fail "$name" "$(tail -n 2 "$WORK/load")"; return; }
  until_destaged || { fail "$name" "the log is not emptied: $(not_destaged)"; return; }
  bytes=$(($(written) - bytes))
  rate=$(awk -v puts=$(($(puts) - before)) -v bytes="$bytes" 'BEGIN { printf "%.1f", puts * 1073741824 / bytes }')
  if awk -v rate="$rate" -v most="$most" 'BEGIN { exit rate > most }'; then pass "$name: $rate uploads per GiB, of $((bytes >> 20)) MiB written"
  else fail "$name" "$rate uploads per GiB of $((bytes >> 20)) MiB written; $most are allowed"; fi
}

begin s3-puts
need s3-puts curl gcc || finish
build_lunaria || { fail build; finish; }
LOAD=$(build_load) || { skip "uploads per GiB" "the load generator cannot be built"; finish; }
rgw_start || { skip "uploads per GiB" "Ceph's gateway cannot be started (shared/s3/rgw-up.sh)"; finish; }
s3_keys "$WORK/keys"
check bucket s3 make lunaria || finish
T=$WORK/t
target_create lunaria "$T" puts:1=2GiB log=1GiB s3=lunaria/puts keys="$WORK/keys" web=127.0.0.1:0
target_start "$T" || { fail start; finish; }
measure "sequential, 1 MiB" 70 --rw write --bs 1m --qd 8
measure "Zipf 0.99, 4 KiB" 90 --rw randwrite --bs 4k --qd 32 --zipf 0.99 --size 1g
target_stop "$T" || fail "orderly stop"
finish
