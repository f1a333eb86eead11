#!/usr/bin/env bash
# The Linux kernel's initiator in a guest (shared/vm): discovery, CHAP, ext4, discard, fio with verification.
#   linux-initiator.sh [CASE...]
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

begin linux-initiator
vm=$SHARED/vm
[ -x "$vm/run-cases.sh" ] || { skip "Linux initiator" "not in $SHARED"; finish; }
build_lunaria || { fail build; finish; }
export VMLAB=${VMLAB:-${TMPDIR:-/tmp}/vmlab} FIO_SECS=${FIO_SECS:-20}
mkdir -p "$VMLAB"
timeout 900 "$vm/build-vm.sh" >"$WORK/build" 2>&1 || { tail -n 5 "$WORK/build"; skip "Linux initiator" "the guest cannot be built here"; finish; }
PORT=$(free_port); export PORT TARGET_DIR=$WORK/target
timeout 1200 "$vm/run-cases.sh" --adapter "$REPO/tests/conformance/vm-adapter.sh" --out "$WORK/cases" "$@" >"$WORK/table" 2>&1
cat "$WORK/table"
for log in "$WORK"/cases/*.log; do
  name=$(basename "$log" .log) last=$(tail -n 1 "$log")
  case $last in
    PASS*) pass "$name" ;;
    SKIP*) skip "$name" "${last#SKIP "$name": }" ;;
    *) fail "$name" "$last"; tail -n 25 "$log" | sed 's/^/      /' ;;
  esac
done
finish
