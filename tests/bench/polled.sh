#!/usr/bin/env bash
# What an administrator's client that asks for everything each second costs hosts: random reads and writes without it and with it, A B A B, medians.
#   polled.sh [ROUNDS] [SECONDS]
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

rounds=${1:-3} seconds=${2:-4}
begin polled
need polled curl python3 || finish
build_lunaria || { fail build; finish; }
LOAD=$(build_load) || { skip polled "the load generator cannot be built (gcc, libiscsi-dev, shared/load)"; finish; }
T=$WORK/t
volumes=(); for n in {1..200}; do volumes+=("polled:$n=1GiB"); done
target_create lunaria "$T" "${volumes[@]}" log=1GiB pool=8GiB web=127.0.0.1:0
target_start "$T" || { fail start; finish; }
load() {
  timeout $((seconds + 60)) "$LOAD" --url "$(target_url "$T" polled 1)" --rw "$1" --bs 4k --qd 32 --size 512m --runtime "$2" --seed $RANDOM
}
ask() { curl -sS -m 10 --cacert "$T/data/web/certificate.pem" -H "Authorization: Bearer $(cat "$T/data/web/token")" "$@"; }
poll() {
  local base urls=() path
  base=$(tr -d '\n' <"$T/data/web/url" | sed 's|/$||')
  for path in status volumes targets luns initiators sessions pool cache backend jobs events load capacity settings schedules; do urls+=("$base/api/v1/$path"); done
  while sleep 1; do ask "${urls[@]}" "$base/metrics" >/dev/null; done
}
load randwrite 8 >/dev/null || { fail filling; finish; }
for kind in randread randwrite; do
  for ((round = 0; round < rounds; round++)); do
    load $kind "$seconds" >>"$WORK/$kind.alone" || { fail "$kind"; finish; }
    poll & poller=$!
    load $kind "$seconds" >>"$WORK/$kind.polled" || { fail "$kind polled"; finish; }
    kill $poller; wait $poller 2>/dev/null
  done
  python3 - "$kind" "$WORK/$kind.alone" "$WORK/$kind.polled" <<'PY'
import json, statistics, sys
alone, polled = (statistics.median(json.loads(line)["iops"] for line in open(path)) for path in sys.argv[2:])
print(f"{sys.argv[1]}: {alone:.0f} IOPS alone, {polled:.0f} beside a client that asks for everything each second, ratio {polled / alone:.2f}")
PY
done
pass "measured"
target_stop "$T" || fail "orderly stop"
finish
