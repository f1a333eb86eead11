#!/usr/bin/env bash
# What digests, four connections in one session and a greedy neighbour cost, as ratios (A B A B, median of 15); needs the tests built.
#   sessions.sh [SECONDS]       seconds of one run; half a second unless said otherwise. It prints and never judges.
. "$(dirname "$0")/../lib/common.sh"

begin sessions
export LUNARIA_BENCH_SECONDS=${1:-0.5}
dotnet test "$REPO/tests/Iscsi.Tests" --no-build --filter "FullyQualifiedName~SessionBench" --logger "console;verbosity=detailed" >"$WORK/log" 2>&1 \
  && pass "the runs end" || { fail "a run"; tail -n 30 "$WORK/log"; }
grep -E '^ *RATIO' "$WORK/log"
finish
