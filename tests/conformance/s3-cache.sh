#!/usr/bin/env bash
# An appliance on S3 whose read cache is smaller than the data: what hosts read is verified over kill -9, with bits flipped in the cache file in between, and what was
# read before the kill comes from the cache after it.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"
. "$LIB/rgw.sh"

rounds=4
while [ $# -gt 0 ]; do
  case $1 in --rounds) rounds=$2 ;; *) echo "unknown option $1" >&2; exit 2 ;; esac
  shift 2
done

begin s3-cache
take_seed
build_lunaria || { fail build; finish; }
LOAD=$(build_load) || { skip "a cache smaller than the data" "the load generator cannot be built"; finish; }
rgw_start || { skip "a cache smaller than the data" "Ceph's gateway cannot be started (shared/s3/rgw-up.sh)"; finish; }
s3_keys "$WORK/keys"
check bucket s3 make lunaria || finish
T=$WORK/t
target_create lunaria "$T" cached:1=128MiB log=256MiB s3=lunaria/cached keys="$WORK/keys" cache=24MiB web="127.0.0.1:$(free_port)"
target_start "$T" || { fail start; finish; }
URL=$(target_url "$T" cached 1)

load() { timeout $(($1 + 90)) "$LOAD" --url "$URL" --rw "$2" --bs 16k --size 96m --qd 8 --runtime "$1" --seed $((SEED + round)) --stamp "$WORK/state" --flush-every 200 >"$WORK/load" 2>&1; }
verify() { timeout 200 "$LOAD" --url "$URL" --bs 16k --size 96m --check "$WORK/state"; }
# cache FIELD: a number of the cache's status.
cache() { "$LUNARIA" cache status --json --config "$T/appliance.json" --data "$T/data" | python3 -c "import json, sys; print(json.load(sys.stdin)['$1'])"; }
until_destaged() {
  local i
  for ((i = 0; i < 300; i++)); do
    [ "$("$LUNARIA" status --json --config "$T/appliance.json" --data "$T/data" | python3 -c 'import json, sys; print(json.load(sys.stdin)["engine"]["logUsedBytes"])')" = 0 ] && return 0
    sleep 0.2
  done
  return 1
}
flip() {
  python3 - "$T/data/cache.0" "$SEED" <<'PY'
import os, random, sys
random.seed(int(sys.argv[2]))
size = os.path.getsize(sys.argv[1])
with open(sys.argv[1], "r+b") as file:
    for _ in range(300):
        file.seek(random.randrange(4096, size))
        value = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([value[0] ^ (1 << random.randrange(8))]))
PY
}

for ((round = 1; round <= rounds; round++)); do
  load 4 randrw & job=$!
  sleep "$((RANDOM % 2 + 1)).$((RANDOM % 10))"
  target_kill "$T"; wait "$job"
  flip
  target_start "$T" || { fail "start after kill -9, round $round (seed $SEED)"; finish; }
done
check "every block after $rounds times kill -9 and bits flipped (seed $SEED)" verify
until_destaged && pass "all is in the bucket" || fail "all is in the bucket"
check "every block, read through a cache of a quarter of the data" verify

# A set that fits: read twice, killed, read again.
hot() { timeout 100 "$LOAD" --url "$URL" --rw randread --bs 4k --size 8m --qd 8 --runtime "$1" --seed 7 >"$WORK/hot" 2>&1; }
rate() { local hits misses; hits=$(cache hitBytes) misses=$(cache missBytes); "$@" || return 1; python3 -c "h = $(cache hitBytes) - $hits; m = $(cache missBytes) - $misses; print(round(100 * h / max(1, h + m), 1))"; }
hot 5; before=$(rate hot 3)
target_kill "$T"; target_start "$T" || { fail "start after kill -9"; finish; }
after=$(rate hot 3)
echo "      hit rate before the kill $before %, in the first 3 s after it $after %"
python3 -c "import sys; sys.exit(not $after >= 0.95 * $before)" && pass "at least 95 % of the hit rate after kill -9" || fail "at least 95 % of the hit rate after kill -9" "$before, then $after"
[ "$(cache skippedWindows)" -ge 0 ] && target_stop "$T" && pass "orderly stop" || fail "orderly stop"
finish
