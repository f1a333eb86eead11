# Sourced by every script under tests/: where things are, results, a work folder that goes away, bounded commands.
# A script calls `begin NAME`, reports each check with pass / fail / skip / check, and ends with `finish`.
# shellcheck shell=bash
set -uo pipefail
LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPO=$(cd "$LIB/../.." && pwd)
SHARED=${SHARED:-$REPO/../shared}
PASSED=0 FAILED=0 SKIPPED=0
WORK=''

# begin NAME: makes $WORK (removed at the end, with every target that was started in it).
begin() {
  WORK=$(mktemp -d "${TMPDIR:-/tmp}/lunaria-$1.XXXXXX") || exit 1
  exec </dev/null # a script under `timeout` must not touch the terminal: it would be stopped
  trap clean_up EXIT
  trap 'exit 130' INT TERM HUP
}

clean_up() {
  local file
  for file in "$WORK"/pid "$WORK"/*/pid; do
    [ -f "$file" ] && kill -KILL "$(cat "$file")" 2>/dev/null
  done
  local job; for job in $(jobs -p); do kill -KILL "$job" 2>/dev/null; done
  wait 2>/dev/null
  if [ -n "${KEEP:-}" ]; then echo "kept: $WORK"; else rm -rf "$WORK"; fi
}

pass() { PASSED=$((PASSED + 1)); echo "ok    $1"; }
fail() { FAILED=$((FAILED + 1)); echo "FAIL  $1${2:+: $2}"; }
skip() { SKIPPED=$((SKIPPED + 1)); echo "SKIP  $1: $2"; }

# check NAME COMMAND...: passes when the command succeeds; shows the end of its output when it does not.
check() {
  local name=$1 started=$SECONDS; shift
  local code=0
  "$@" >"$WORK/check.out" 2>&1 || code=$?
  [ $code = 0 ] && { pass "$name ($((SECONDS - started)) s)"; return 0; }
  fail "$name" "exit code $code"
  tail -n 12 "$WORK/check.out" | sed 's/^/      /'
  return 1
}

# refused NAME PATTERN COMMAND...: passes when the command fails and says PATTERN (an extended regular expression).
refused() {
  local name=$1 pattern=$2 code=0; shift 2
  "$@" >"$WORK/check.out" 2>&1 || code=$?
  if [ "$code" = 0 ]; then fail "$name" "it succeeded"
  elif [ "$code" = 124 ] || [ "$code" = 137 ]; then fail "$name" "it hung"
  elif ! grep -qiE -- "$pattern" "$WORK/check.out"; then fail "$name" "the message says nothing like '$pattern'"
  else pass "$name"; return 0; fi
  tail -n 12 "$WORK/check.out" | sed 's/^/      /'
  return 1
}

# finish: the closing line and the exit code of the script.
finish() {
  echo "$PASSED passed, $FAILED failed, $SKIPPED skipped"
  [ "$FAILED" = 0 ]; exit
}

# need NAME COMMAND...: skips NAME and returns 1 where a tool is not installed.
need() {
  local name=$1 tool; shift
  for tool in "$@"; do
    command -v "$tool" >/dev/null || { skip "$name" "$tool is not installed"; return 1; }
  done
}

# at_most NAME VALUE LIMIT UNIT: a check of a whole number.
at_most() { if [ "$2" -le "$3" ]; then pass "$1: $2 $4 (at most $3)"; else fail "$1" "$2 $4, at most $3 are allowed"; fi; }

# free_port: outside of the ephemeral range, so that no outgoing connection takes it while a target is down.
free_port() {
  python3 - <<'PY'
import random, socket
for _ in range(200):
    port = random.randint(20000, 32000)
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(port)
        break
PY
}

# seed: $SEED or a random one; printed, so that a run can be repeated.
take_seed() { SEED=${SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}; RANDOM=$((SEED & 32767)); echo "seed $SEED"; }

# gone PID SECONDS: waits until a process has ended.
gone() { timeout "$2" tail --pid="$1" -s 0.02 -f /dev/null 2>/dev/null; }

# build_load: compiles the load generator once per work folder; prints its path. 1 where it cannot.
build_load() {
  local binary=$WORK/iscsi-load
  [ -x "$binary" ] && { echo "$binary"; return 0; }
  [ -f "$SHARED/load/iscsi-load.c" ] || { echo "iscsi-load.c is not in $SHARED/load" >&2; return 1; }
  gcc -O2 -o "$binary" "$SHARED/load/iscsi-load.c" -liscsi -lm >&2 || return 1
  echo "$binary"
}

# field JSON-LINE KEY [KEY]: one number out of iscsi-load's report.
field() { python3 -c 'import json, sys
value = json.loads(sys.argv[1])
for key in sys.argv[2:]: value = value[key]
print(value)' "$@"; }
