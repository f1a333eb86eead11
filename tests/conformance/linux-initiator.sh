#!/usr/bin/env bash
# The Linux kernel's initiator in a guest (shared/vm): the cases there (discovery, CHAP, ext4, discard, fio with verification) and those in guest/
# (multipath, reservations, resize, LUNs that come and go, COMPARE AND WRITE, XCOPY, kill -9 under ext4, a full pool, a pool that grows and shrinks under 2 TiB, digests and parameters of logins, cuts under
# load, who may in); and iPXE, which boots from a LUN.
#   linux-initiator.sh [CASE...]
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

begin linux-initiator
vm=$SHARED/vm adapter=$REPO/tests/conformance/vm-adapter.sh
[ -x "$vm/run-cases.sh" ] || { skip "Linux initiator" "not in $SHARED"; finish; }
build_lunaria || { fail build; finish; }
# An emulated processor on a busy machine may miss the timer ticks that the kernel checks for at boot.
export VM_APPEND="no_timer_check ${VM_APPEND:-}"
export VMLAB=${VMLAB:-${TMPDIR:-/tmp}/vmlab} FIO_SECS=${FIO_SECS:-20}
mkdir -p "$VMLAB" "$WORK/cases"
timeout 900 "$vm/build-vm.sh" >"$WORK/build" 2>&1 || { tail -n 5 "$WORK/build"; skip "Linux initiator" "the guest cannot be built here"; finish; }

# wanted NAME PATTERN...: as run-cases.sh chooses.
wanted() { local name=$1 pattern; shift; [ $# = 0 ] && return 0; for pattern; do [[ $name == *$pattern* ]] && return 0; done; return 1; }

# run_case FILE: one of ours in a boot of its own; the head of the file says how: "#: nics=2 timeout=300 pool=256MiB log=256MiB lun=1024 wait=10s".
run_case() (
  case=$1 name=$(basename "$1" .sh)
  boot=(--timeout 240 --files "$REPO/tests/conformance/guest/files")
  for option in $(sed -n 's/^#: *//p' "$case" | head -n 1); do
    case $option in
      pool=*) export POOL_SIZE=${option#*=} ;;
      log=*) export LOG_SIZE=${option#*=} ;;
      wait=*) export SPACE_WAIT=${option#*=} ;;
      lun=*) export LUN_MB=${option#*=} ;;
      *) boot+=("--${option%%=*}" "${option#*=}") ;;
    esac
  done
  PORT=$(free_port); export PORT TARGET_DIR=$WORK/target-$name
  if "$adapter" up >"$WORK/cases/$name.env" 2>"$WORK/cases/$name.target"; then
    set -a; . "$WORK/cases/$name.env"; set +a
    VM_PASS="PORTAL PORTAL_B IQN LUN LUN_B LUN_MB LUN_B_MB IQN_MUTUAL CHAP_USER CHAP_PASS MUT_USER MUT_PASS" "$vm/initiator-vm.sh" "$case" "${boot[@]}" --env "CASE=$name" --hook "$adapter" \
      --console "$WORK/cases/$name.console"
    code=$?
    [ $code = 124 ] && echo "FAIL $name: stopped after its time limit"
    # A guest whose script has ended has said how on its output; only the report of the end may get lost on the way to the host.
    [ $code = 125 ] && ! grep -q 'vm-init: script exit' "$WORK/cases/$name.console" && echo "FAIL $name: the guest died"
  else
    echo "FAIL $name: the target does not start: $(tail -n 1 "$WORK/cases/$name.target")"
  fi >"$WORK/cases/$name.log" 2>&1
  "$adapter" down
)

ours=()
for case in "$REPO"/tests/conformance/guest/[0-9]*.sh; do wanted "$(basename "$case" .sh)" "$@" && ours+=("$case"); done
# Two at a time: each guest is one emulated processor.
printf '%s\n' "${ours[@]}" | {
  running=0
  while read -r case; do
    [ -n "$case" ] || continue
    [ $running -lt 2 ] || { wait -n; running=$((running - 1)); }
    run_case "$case" </dev/null & running=$((running + 1))
  done
  wait
}
PORT=$(free_port); export PORT TARGET_DIR=$WORK/target
timeout 1200 "$vm/run-cases.sh" --adapter "$adapter" --out "$WORK/cases" "$@" >"$WORK/table" 2>&1
for log in "$WORK"/cases/*.log; do
  [ -f "$log" ] || continue
  name=$(basename "$log" .log) last=$(grep -E '^(PASS|FAIL|SKIP) ' "$log" | tail -n 1)
  case $last in
    PASS*) pass "${last#PASS }" ;;
    SKIP*) skip "$name" "${last#SKIP "$name": }" ;;
    *) fail "$name" "$last"; tail -n 25 "$log" | sed 's/^/      /' ;;
  esac
done

if wanted ipxe "$@"; then
  env=$("$adapter" up) || { fail "iPXE" "the target does not start"; finish; }
  for mode in lkrn rom; do
    check "iPXE boots from a LUN ($mode)" "$vm/ipxe/ipxe-boot.sh" "$PORT" "$(sed -n 's/^IQN=//p' <<<"$env")" 1 --mode $mode --timeout 150
  done
  "$adapter" down
fi
finish
