#!/usr/bin/env bash
# 1,000 sessions at once at 256 targets of 64 LUNs each, all listed and usable: log-ins a second and memory; needs the tests built.
#   scale-sessions.sh [SESSIONS]       It prints its figures and judges only that all of them are served.
. "$(dirname "$0")/../lib/common.sh"

begin scale-sessions
export LUNARIA_BENCH_SESSIONS=${1:-1000}
timeout 120 dotnet test "$REPO/tests/Iscsi.Tests" --no-build --filter "FullyQualifiedName~ScaleBench" --logger "console;verbosity=detailed" >"$WORK/log" 2>&1 \
  && pass "$LUNARIA_BENCH_SESSIONS sessions are served" || { fail "$LUNARIA_BENCH_SESSIONS sessions"; tail -n 30 "$WORK/log"; }
grep -E '^ *SCALE' "$WORK/log"
finish
