#!/usr/bin/env bash
# What snapshots, clones and rollbacks cost: latency under 10,000 writes a second with 1 GiB and with 1 TiB mapped, writes after a snapshot, reads through 1,000 clones,
# 10,000 snapshots. Prints numbers: on a busy machine only the ratios mean something.
#   snapshots.sh [TEST...]
. "$(dirname "$0")/../lib/common.sh"

begin snapshots
cd "$REPO" || exit 1
for test in "${@:-A_snapshot_under_load A_read_through Ten_thousand}"; do
  for name in $test; do
    if LUNARIA_BENCH=1 timeout 900 dotnet test tests/Volumes.Tests --no-build --filter "FullyQualifiedName~SnapshotBench.$name" --logger "console;verbosity=detailed" >"$WORK/out" 2>&1; then
      pass "$name"
      grep -o 'bench: .*' "$WORK/out"
    else
      fail "$name"; tail -n 20 "$WORK/out" | sed 's/^/      /'
    fi
  done
done
finish
