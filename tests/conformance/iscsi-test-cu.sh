#!/usr/bin/env bash
# libiscsi's conformance suite, one process per test, each test on a fresh LUN; tests/conformance/expected.txt says what must come out.
#   iscsi-test-cu.sh [--target lunaria|tgt] [PATTERN...]      PATTERN as in Read10.* (default: all)
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

kind=lunaria
[ "${1:-}" = --target ] && { kind=$2; shift 2; }
begin iscsi-test-cu
need "libiscsi's suite" iscsi-test-cu || finish
[ "$kind" = tgt ] || build_lunaria || { fail build; finish; }

mapfile -t tests < <(iscsi-test-cu -l | sed -n 's/^ALL\.\([^.]*\.[^.]*\)$/\1/p')
# Two targets: a target reset in the one must not disturb a test that runs beside it in the other.
specs=()
for ((i = 0; i < ${#tests[@]}; i++)); do
  name=left; ((i % 2)) && name=right
  specs+=("$name:$((i / 2 + 1))=256MiB")
done
target_create "$kind" "$WORK/t" "${specs[@]}"
target_start "$WORK/t" || { fail "start"; finish; }
echo "ready after $READY_MS ms with ${#tests[@]} LUNs"
python3 "$REPO/tests/conformance/run-suite.py" --expected "$REPO/tests/conformance/expected.txt" \
  --urls "$(target_url "$WORK/t" left '')" "$(target_url "$WORK/t" right '')" --tests "${tests[@]}" --only "$@"
code=$?
if [ "$kind" = lunaria ]; then
  kill -0 "$(target_pid "$WORK/t")" 2>/dev/null || { echo "the appliance died; its output ends with:"; tail -n 20 "$WORK/t/output"; code=1; }
  target_stop "$WORK/t" || code=1
fi
exit $code
