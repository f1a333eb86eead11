#!/usr/bin/env bash
# The read cache without hosts: its hit rates on a Zipf 0.99 trace, on a loop larger than it and under a scan, against LRU and S3-FIFO as published; and how fast a cached 4 KiB random
# read is beside one from the write log. Prints numbers: the rates are the same on every machine, the speed is not judged.
. "$(dirname "$0")/../lib/common.sh"

begin cache
cd "$REPO" || exit 1
for name in EvictionTests.Hit_rates HitSpeedTests.Hits_beside; do
  if timeout 300 dotnet test tests/Volumes.Tests --no-build --filter "FullyQualifiedName~$name" --logger "console;verbosity=detailed" >"$WORK/out" 2>&1; then
    pass "$name"
    grep -E 'this cache|random reads of 4 KiB' "$WORK/out" | sed 's/^ */      /'
  else
    fail "$name"; tail -n 20 "$WORK/out" | sed 's/^/      /'
  fi
done
finish
