#!/usr/bin/env bash
# Clients that come, go and die in numbers: all are served, and afterwards no thread, descriptor or memory of theirs is left.
#   many-clients.sh [--target lunaria|tgt]
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

kind=lunaria
[ "${1:-}" = --target ] && kind=$2
begin many-clients
need "many clients" iscsi-inq gcc || finish
[ "$kind" = tgt ] || build_lunaria || { fail build; finish; }
LOAD=$(build_load) || { skip "many clients" "the load generator cannot be built (gcc, libiscsi-dev, shared/load)"; finish; }
T=$WORK/t
target_create "$kind" "$T" many:1=1GiB many:2=1GiB pool=8GiB log=256MiB
target_start "$T" || { fail start; finish; }
url=$(target_url "$T" many 1) url_b=$(target_url "$T" many 2)

# What a client can leave behind: sockets, pipes, events. Files are the program's own (assemblies as they load, readers of SQLite as they come).
descriptors() { find "/proc/$(target_pid "$T")/fd" -mindepth 1 -printf '%l\n' 2>/dev/null | grep -cE '^(socket|pipe|anon_inode)'; }
threads() { find "/proc/$(target_pid "$T")/task" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l; }
logins() { seq "$1" | xargs -P 8 -I{} timeout 30 iscsi-inq "$url" >/dev/null; }
# load SECONDS OPTION...: its line of JSON without errors.
load() {
  local seconds=$1 report; shift
  report=$(timeout $((seconds + 60)) "$LOAD" --runtime "$seconds" --size 256m "$@") || return 1
  echo "$report"; [ "$(field "$report" errors)" = 0 ]
}
# dying N: that many clients with I/O in flight, killed all at once.
dying() {
  local n jobs=()
  for ((n = 0; n < $1; n++)); do
    "$LOAD" --url "$url" --rw randrw --mix 50 --bs 16k --qd 16 --size 256m --runtime 30 --initiator "iqn.2026-11.test:dying$n" >/dev/null 2>&1 &
    jobs+=($!)
  done
  sleep 1.5
  kill -KILL "${jobs[@]}"; wait "${jobs[@]}" 2>/dev/null
  return 0
}
# settles NAME COMMAND LIMIT: COMMAND's number falls to LIMIT within half a minute.
settles() {
  local i
  for ((i = 0; i < 150; i++)); do [ "$($2)" -le "$3" ] && { pass "$1: $($2), at most $3"; return; }; sleep 0.2; done
  fail "$1" "$($2), at most $3 are expected"
}

logins 20
load 2 --url "$url" --rw randrw --bs 4k --qd 32 >/dev/null
fds=$(descriptors) tasks=$(threads) memory=$(target_rss "$T")
echo "before: $fds descriptors, $tasks threads, $((memory / 1024)) MiB"
check "500 logins, 8 at a time" logins 500
check "64 connections to two LUNs" load 4 --url "$url" --url "$url_b" --connections 64 --rw randrw --mix 70 --bs 4k --qd 8
check "digests" load 3 --url "$url" --digest --rw randrw --bs 16k --qd 32
check "large writes, small reads" load 3 --url "$url" --rw randrw --mix 50 --bs 1m --qd 8
check "20 clients die with I/O in flight" dying 20
check "20 more" dying 20
check "the next one is served" load 1 --url "$url" --rw randread --bs 4k --qd 1
settles "descriptors" descriptors $((fds + 2))
# The runtime keeps threads of its own for a while; those of 40 dead clients would show.
settles "threads" threads $((tasks + 25))
echo "after: $(($(target_rss "$T") / 1024)) MiB"
if [ $(($(target_rss "$T") - memory)) -le $((300 << 10)) ]; then pass "memory"; else fail "memory" "grew from $((memory / 1024)) to $(($(target_rss "$T") / 1024)) MiB"; fi
target_stop "$T" && pass "orderly stop" || fail "orderly stop"
finish
