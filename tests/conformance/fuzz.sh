#!/usr/bin/env bash
# A million PDUs, mutated and made by a grammar, against the target; needs the tests built. The seed is printed: LUNARIA_SEED=n repeats a run.
#   fuzz.sh [PDUS]
. "$(dirname "$0")/../lib/common.sh"

begin fuzz
export LUNARIA_FUZZ_PDUS=${1:-1000000}
if dotnet test "$REPO/tests/Iscsi.Tests" --no-build --filter "FullyQualifiedName~FuzzTests" --logger "console;verbosity=detailed" >"$WORK/log" 2>&1; then
  grep -E 'LUNARIA_SEED|PDUs in|seed [0-9]' "$WORK/log"
  pass "$LUNARIA_FUZZ_PDUS PDUs harm nobody, and planted bugs are found"
else
  fail "fuzz" "see the seed"
  grep -E -A 12 'LUNARIA_SEED|Failed|PDUs in' "$WORK/log"
fi
finish
