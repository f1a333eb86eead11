# Targets for the scripts under tests/: this checkout's appliance, or Debian's tgt with the same verbs.
#
#   target_create KIND DIR SPEC...   describes a target without data; KIND is lunaria or tgt
#       NAME:LUN=SIZE[,OPTION...]    a LUN of the target iqn.2026-11.test.KIND:NAME (sizes like 64GiB); options, Lunaria only: the keys
#                                    of a LUN in appliance.json, as in 64GiB,readOnly,blockSize=4KiB,volume=OTHER-1
#       chap=NAME/USER/SECRET        the target NAME asks for CHAP
#       mutual=NAME/USER/SECRET      ... and proves itself with these
#       pool=SIZE  log=SIZE          Lunaria's pool and write log
#       wait=TIME                    how long writes wait for space
#       cache=SIZE                   a read cache of that size, with 2 MiB of memory before it
#       web=ADDRESS:PORT             where Lunaria's API listens; off where left out
#       s3=BUCKET/PREFIX  keys=FILE  a bucket in place of the pool; endpoint=URL in place of $S3_ENDPOINT, ca=FILE to trust
#       encryption=SOURCE            where the key is that what is stored is encrypted with: file:PATH or environment:NAME
#       compression=on               ... compressed, too, where that pays
#       ping=TIME                    Lunaria cuts off a host that does not answer a ping for this long
#   target_start DIR                 returns once logins are answered; READY_MS is the time that took
#   target_stop DIR                  in order; fails when it does not end in time or with an exit code other than 0
#   target_kill DIR                  SIGKILL
#   target_url DIR NAME LUN          the URL that libiscsi and QEMU take
#   target_iqn DIR NAME, target_port DIR, target_pid DIR, target_cpu DIR (seconds so far), target_rss DIR (KiB)
#
# Requires common.sh. $LUNARIA is the program under test.
# shellcheck shell=bash
LUNARIA=${LUNARIA:-$REPO/Appliance/bin/Release/net10.0/lunaria}
START_SECONDS=${START_SECONDS:-60}
# shellcheck disable=SC2034  # for the scripts
READY_MS=0
# shellcheck source=tests/lib/lunaria.sh
. "$LIB/lunaria.sh"
# shellcheck source=tests/lib/tgt.sh
. "$LIB/tgt.sh"

target_create() {
  local kind=$1 dir=$2; shift 2
  mkdir -p "$dir" && echo "$kind" >"$dir/kind" && printf '%s\n' "$@" >"$dir/spec"
  [ -s "$dir/port" ] || free_port >"$dir/port"
  "${kind}_create" "$dir" "$@"
}

target_start() {
  local started ended
  started=$(date +%s%N)
  "$(cat "$1/kind")_start" "$1" || return 1
  ended=$(date +%s%N)
  # shellcheck disable=SC2034
  READY_MS=$(((ended - started) / 1000000))
}

target_stop() { "$(cat "$1/kind")_stop" "$1"; }

target_kill() {
  local pid; pid=$(target_pid "$1") || return 0
  kill -KILL "$pid" 2>/dev/null
  gone "$pid" 20
  rm -f "$1/pid"
}

target_pid() { cat "$1/pid" 2>/dev/null; }
target_port() { cat "$1/port"; }
target_iqn() { echo "iqn.2026-11.test.$(cat "$1/kind"):$2"; }
target_url() { echo "iscsi://127.0.0.1:$(target_port "$1")/$(target_iqn "$1" "$2")/$3"; }
target_rss() { awk '/^VmRSS/ {print $2}' "/proc/$(target_pid "$1")/status"; }
target_cpu() { awk -v hz="$(getconf CLK_TCK)" '{sub(/^.*\) /, ""); print ($12 + $13) / hz}' "/proc/$(target_pid "$1")/stat"; }
