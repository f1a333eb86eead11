#!/usr/bin/env bash
# What the engine costs, without hosts: snapshots, clones and rollbacks under 10,000 writes a second with 1 GiB and with 1 TiB mapped, reads through 1,000 clones, 10,000 snapshots;
# the map's memory for each TiB, a TiB in 64 MiB, bytes written for metadata. Prints numbers: on a busy machine only the ratios mean something.
#   engine.sh [BENCH.TEST...]
. "$(dirname "$0")/../lib/common.sh"

begin engine
cd "$REPO" || exit 1
[ $# -gt 0 ] || set -- SnapshotBench.A_snapshot_under_load SnapshotBench.A_read_through SnapshotBench.Ten_thousand MapBench.A_mapped MapBench.A_tebibyte MapBench.Metadata
for name in "$@"; do
  if LUNARIA_BENCH=1 timeout 900 dotnet test tests/Volumes.Tests --no-build --filter "FullyQualifiedName~$name" --logger "console;verbosity=detailed" >"$WORK/out" 2>&1; then
    pass "$name"
    grep -o 'bench: .*' "$WORK/out"
  else
    fail "$name"; tail -n 20 "$WORK/out" | sed 's/^/      /'
  fi
done
finish
