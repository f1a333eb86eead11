#!/usr/bin/env bash
# Faults between the appliance and its bucket, each in turn under load, then all at random, then the bucket gone for a while:
# no error at the initiator but BUSY, and no block is lost.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"
. "$LIB/rgw.sh"

seconds=6 outage=20
while [ $# -gt 0 ]; do
  case $1 in --seconds) seconds=$2 ;; --outage) outage=$2 ;; *) echo "unknown option $1" >&2; exit 2 ;; esac
  shift 2
done

faults=(
  'delay     {"fault":"delay","seconds":1,"prob":0.5,"seed":SEED}'
  'throttle  {"fault":"throttle","rate":4000000,"method":"GET"}'
  '503       {"fault":"status","prob":0.5,"seed":SEED}'
  '500       {"fault":"status","status":500,"code":"InternalError","prob":0.5,"seed":SEED}'
  'hang      {"fault":"hang","prob":0.05,"seed":SEED}'
  'reset     {"fault":"reset","prob":0.4,"seed":SEED}'
  'lost      {"fault":"lost","method":"PUT|DELETE","prob":0.5,"seed":SEED}'
  'truncate  {"fault":"truncate","bytes":1000,"method":"GET","prob":0.4,"seed":SEED}'
  'corrupt   {"fault":"corrupt","bytes":900,"method":"GET","prob":0.2,"seed":SEED}'
)

# load NAME SECONDS: reads and writes with stamps; BUSY is tried again by the generator, anything else ends it.
load() {
  SEED=$((SEED + 1))
  timeout $(($2 + 90)) "$LOAD" --url "$(target_url "$T" faults 1)" --rw randrw --mix 50 --bs 16k --size 64m --qd 16 --flush-every 200 \
    --runtime "$2" --seed $SEED --stamp "$WORK/state" >"$WORK/load" 2>&1
}
verify() { timeout 200 "$LOAD" --url "$(target_url "$T" faults 1)" --bs 16k --size 64m --check "$WORK/state"; }
under() {
  local name=$1 rules=$2 code=0 hits
  proxy_faults "${rules//SEED/$SEED}"
  # On a slow machine it takes more than one load until the log is full enough for uploads.
  for _ in 1 2 3 4; do
    load "$name" "$seconds" || { code=$?; break; }
    hits=$(proxy_hits | grep -o '"hits": [0-9]*' | awk '{ n += $2 } END { print n + 0 }')
    [ "$hits" = 0 ] || break
  done
  proxy_faults '[]'
  if [ $code != 0 ]; then
    fail "$name" "the initiator saw an error (seed $SEED, exit code $code)"
    tail -n 5 "$WORK/load" | sed 's/^/      /'
    grep -vE ' INF ' "$T/output" | tail -n 12 | cut -c 1-400 | sed 's/^/      /'
  elif [ "$hits" = 0 ]; then fail "$name" "no request was hit"
  else pass "$name: $hits requests hit, $(field "$(tail -n 1 "$WORK/load")" iops) operations a second"; fi
}

begin s3-faults
take_seed
build_lunaria || { fail build; finish; }
LOAD=$(build_load) || { skip "faults of the bucket" "the load generator cannot be built"; finish; }
rgw_start || { skip "faults of the bucket" "Ceph's gateway cannot be started (shared/s3/rgw-up.sh)"; finish; }
proxy_start || { fail proxy; finish; }
s3_keys "$WORK/keys"
check bucket s3 make lunaria || finish
T=$WORK/t
target_create lunaria "$T" faults:1=128MiB log=256MiB s3=lunaria/faults keys="$WORK/keys" endpoint="$PROXY" web=127.0.0.1:0
target_start "$T" || { fail start; finish; }
load first 3 || fail "load without faults"
target_stop "$T"; target_start "$T" || { fail restart; finish; }
sleep 7 # until what the log holds is in the bucket, so that reads need it
for entry in "${faults[@]}"; do under "${entry%% *}" "[${entry#* }]"; done
all=$(for entry in "${faults[@]}"; do echo "${entry#* }"; done | sed 's/"prob":0\.[0-9]*/"prob":0.05/; s/"method":"GET"}/"method":"GET","prob":0.1}/' | paste -sd,)
under "all at random" "[$all]"
check "every block" verify

# A list that lags behind: it lacks what was stored since, and has what was deleted since.
audit() { timeout 120 "$LUNARIA" pool audit "$@" --config "$T/appliance.json" --data "$T/data"; }
flush() { timeout 120 "$LUNARIA" backend flush --config "$T/appliance.json" --data "$T/data"; }
check "backend flush" flush
proxy_faults '[{"fault":"stale","method":"GET","path":".*list-type=2.*"}]'
check "an audit, whose list is the one of all later" audit
load stale "$seconds" && check "backend flush" flush || fail "load while lists lag behind" "$(tail -n 3 "$WORK/load")"
check "an audit finds nothing missing by a list that lags behind" audit --clear-after 0
proxy_hits | grep -q '"hits": [2-9]' && pass "the list was an old one" || fail "the list was an old one" "$(proxy_hits)"
check "every block after it" verify
proxy_faults '[]'

proxy_faults '[{"fault":"reset"}]'
load outage "$outage" & job=$!
sleep 3
kill -0 "$job" && pass "I/O goes on while the bucket is gone" || fail "I/O goes on while the bucket is gone" "$(tail -n 3 "$WORK/load")"
sleep $((outage - 6))
proxy_faults '[]'
wait "$job" && pass "an outage of $((outage - 3)) s: no error at the initiator" || { fail "an outage: no error at the initiator" "seed $SEED"; tail -n 5 "$WORK/load"; }
check "every block after the outage" verify
grep -E ' (ERR|FTL) ' "$T/output" | sort | uniq -c | head -n 5
target_stop "$T" && pass "orderly stop" || fail "orderly stop"
target_start "$T" || { fail "restart"; finish; }
check "every block after a restart" verify
check "backend flush" flush
audit >"$WORK/audit" 2>&1 && ! grep -qE '^(orphan|missing) ' "$WORK/audit" && pass "an audit finds no orphan and nothing missing" || fail "an audit finds no orphan and nothing missing" "$(tail -n 3 "$WORK/audit")"
target_stop "$T" || fail "second orderly stop"
finish
