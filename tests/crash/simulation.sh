#!/usr/bin/env bash
# simulation.sh [OPERATIONS [SECONDS]]: the engine on a simulated clock, disk and store that fail now and then, under random writes, snapshots, clones, rollbacks, deletes, garbage collection,
# kills and restarts, until so many operations are done (100000) or so many seconds are over (150). Every volume and snapshot is compared with memory, counts with a recount, the store with the map.
# A failure names its seed; LUNARIA_SEED=N LUNARIA_GENERATION_OPERATIONS=5000 dotnet test tests/Volumes.Tests --filter fail_now_and_then does it again, exactly.
# Before that runs in which media lose, tear, misdirect and flip; a bug planted is found by PlantedBugTests, in every run of the tests.
set -u
cd "$(dirname "$0")/../.."
wanted=${1:-100000} budget=${2:-150} each=5000 done=0 passed=0 failed=0
export LUNARIA_GENERATION_OPERATIONS=$each LUNARIA_MEDIA_FAULT_RUNS=$((budget / 30))

run() {
  local out
  if out=$(dotnet test tests/Volumes.Tests --no-build --filter "FullyQualifiedName~$1" 2>&1); then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAIL $(grep -o 'LUNARIA_SEED=[0-9]*.*' <<<"$out" | head -n 1)"
    tail -n 40 <<<"$out"
  fi
}

run MediaFaultTests
while [ $done -lt "$wanted" ] && [ $SECONDS -lt "$budget" ]; do
  run fail_now_and_then
  done=$((done + 2 * each))
done
echo "note $done operations in $SECONDS s"
echo "$passed passed, $failed failed, 0 skipped"
[ $failed = 0 ]
