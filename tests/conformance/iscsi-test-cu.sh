#!/usr/bin/env bash
# libiscsi's conformance suite over a set of LUNs, one process per test, each on a fresh LUN; tests/conformance/expected.txt says what must come out.
#   iscsi-test-cu.sh [--target lunaria|tgt] [PATTERN...]      PATTERN as in Read10.* (default: all)
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

kind=lunaria
[ "${1:-}" = --target ] && { kind=$2; shift 2; }
begin iscsi-test-cu
need "libiscsi's suite" iscsi-test-cu openssl || finish
[ "$kind" = tgt ] || build_lunaria || { fail build; finish; }

mapfile -t tests < <(iscsi-test-cu -l | sed -n 's/^ALL\.\([^.]*\.[^.]*\)$/\1/p')
suite=(python3 "$REPO/tests/conformance/run-suite.py")
what=(--expected "$REPO/tests/conformance/expected.txt" --tests "${tests[@]}")
[ "$kind" = tgt ] && what+=(--kinds thin)
mapfile -t specs < <("${suite[@]}" plan "${what[@]}")
# A test sleeps for a minute without looking at its connection. On an encrypted pool each volume has a key of its own: SANITIZE, CRYPTOGRAPHIC ERASE throws it away.
openssl rand -hex 32 >"$WORK/key" && chmod 600 "$WORK/key"
target_create "$kind" "$WORK/t" "${specs[@]}" ping=120s encryption="file:$WORK/key"
target_start "$WORK/t" || { fail "start"; finish; }
echo "ready after $READY_MS ms with ${#specs[@]} LUNs"
"${suite[@]}" run "${what[@]}" --url "$(target_url "$WORK/t" '{target}' '{lun}')" --only "$@"
code=$?
if [ "$kind" = lunaria ]; then
  kill -0 "$(target_pid "$WORK/t")" 2>/dev/null || { echo "the appliance died; its output ends with:"; tail -n 20 "$WORK/t/output"; code=1; }
  target_stop "$WORK/t" || code=1
fi
exit $code
