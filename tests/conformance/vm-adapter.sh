#!/usr/bin/env bash
# Lunaria for shared/vm/run-cases.sh: the verbs and printed variables of shared/vm/targets/tgt.sh.
#   up | down | start | stop | kill9 | restart | pause | cont | sessions | resize LUN MB
# and for the cases in guest/: lun-add LUN MB | lun-remove LUN | snapshot LUN NAME | clone LUN NAME LUN | map-snapshot LUN NAME LUN |
# rollback LUN NAME | pool-add NAME SIZE | pool-fill LEFT_MB (by a host of its own) | pool-add-when-full NAME SIZE | pool-shrink NAME (these three go on behind it; ended VERB says whether they have ended well) | kick | allow INITIATOR | luns INITIATOR LUN... | addresses INITIATOR ADDRESS... | redirect ADDRESS, of the plain target.
# Folder: $TARGET_DIR; port: $PORT; sizes: $LUN_MB, $LUN_B_MB; bytes of a block: $BLOCKSIZE; $POOL_SIZE, $LOG_SIZE; $SPACE_WAIT.
. "$(dirname "$(readlink -f "$0")")/../lib/common.sh"
. "$LIB/target.sh"

PORT=${PORT:-13261}
T=${TARGET_DIR:-${TMPDIR:-/tmp}/vmlab/target-lunaria-$PORT}
size=${LUN_MB:-512} size_b=${LUN_B_MB:-128} block=512B
[ "${BLOCKSIZE:-512}" = 4096 ] && block=4KiB
admin() { "$LUNARIA" "$@" --data "$T/data" >&2; }

# begin_verb pool-VERB ARGUMENT...: the guest waits for no verb longer than two minutes, so it goes on behind its back, ten at most.
begin_verb() {
  local verb=${1#pool-add-}; shift
  verb=${verb#pool-}
  [ ! -e "$T/$verb.log" ] || return 0 # Asked again, since the answer was lost.
  (timeout 600 "$0" "$verb" "$@" >"$T/$verb.log" 2>&1; echo "ended $?" >"$T/$verb.done") </dev/null >/dev/null 2>&1 &
}

case ${1:-} in
  up)
    "$0" down
    build_lunaria || exit 1
    mkdir -p "$T" && echo "$PORT" >"$T/port"
    target_create lunaria "$T" plain:1="${size}MiB,blockSize=$block" plain:2="${size_b}MiB,blockSize=$block" \
      chap:1="${size_b}MiB,blockSize=$block" mutual:1="${size_b}MiB,blockSize=$block" chap=chap/chapuser/chappassword12 chap=mutual/chapuser/chappassword12 mutual=mutual/mutuser/mutpassword1234 \
      log="${LOG_SIZE:-256MiB}" pool="${POOL_SIZE:-8GiB}" wait="${SPACE_WAIT:-10s}" web=127.0.0.1:0
    target_start "$T" >&2 || exit 1
    cat <<END
PORTAL=10.0.2.2:$PORT
PORTAL_B=10.0.3.2:$PORT
IQN=$(target_iqn "$T" plain)
LUN=1
LUN_B=2
LUN_MB=$size
LUN_B_MB=$size_b
IQN_CHAP=$(target_iqn "$T" chap)
LUN_CHAP=1
CHAP_USER=chapuser
CHAP_PASS=chappassword12
IQN_MUTUAL=$(target_iqn "$T" mutual)
MUT_USER=mutuser
MUT_PASS=mutpassword1234
END
    ;;
  down) target_kill "$T"; rm -rf "$T" ;;
  start) target_start "$T" ;;
  stop) target_stop "$T" ;;
  kill9) target_kill "$T" ;;
  restart) target_stop "$T" && target_start "$T" ;;
  pause) kill -STOP "$(target_pid "$T")" ;;
  cont) kill -CONT "$(target_pid "$T")" ;;
  sessions) "$LUNARIA" session list --data "$T/data" ;;
  resize) admin volume resize "plain-$2" --size "${3}MiB" ;;
  lun-add)
    name=added-$2-$(date +%s%N)
    admin volume create "$name" --size "${3}MiB" && admin lun map "$(target_iqn "$T" plain)" "$name" --lun "$2" ;;
  snapshot) admin snapshot create "plain-$2" "$3" ;;
  clone) admin volume clone "plain-$2" "$3" "clone-$4" && admin lun map "$(target_iqn "$T" plain)" "clone-$4" --lun "$4" ;;
  map-snapshot) admin lun map "$(target_iqn "$T" plain)" "plain-$2@$3" --lun "$4" ;;
  rollback) admin volume rollback "plain-$2" "$3" --yes ;;
  kick) "$LUNARIA" session list --data "$T/data" --json | python3 -c 'import json, sys; [print(one["id"]) for one in json.load(sys.stdin)]' |
    while read -r id; do "$LUNARIA" session kick "$id" --yes --data "$T/data" >&2 || exit 1; done ;;
  allow) admin initiator allow "$(target_iqn "$T" plain)" "$2" ;;
  luns | addresses) verb=$1; shift; admin initiator "$verb" "$(target_iqn "$T" plain)" "$@" ;;
  redirect) shift; admin target redirect "$(target_iqn "$T" plain)" "$@" ;;
  pool-add) admin pool add "$2" --size "$3" ;;
  fill)
    command -v qemu-io >/dev/null || exit 77
    free=$("$LUNARIA" pool status --data "$T/data" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["freeBytes"] >> 20)')
    admin volume create filler --size 64GiB && admin lun map "$(target_iqn "$T" plain)" filler --lun 9 || exit 1
    for at in $(seq 0 32 $((free - $2 - 32))); do
      timeout 60 qemu-io -f raw -c "write -P 0xa5 ${at}M 32M" "iscsi://127.0.0.1:$PORT/$(target_iqn "$T" plain)/9" >"$T/fill" 2>&1 && ! grep -qi failed "$T/fill" || { cat "$T/fill"; exit 1; }
    done
    admin volume check ;;
  pool-add-when-full) begin_verb "$@" ;;
  pool-shrink | pool-fill) begin_verb "$@" ;;
  ended) cat "$T/$2.done" 2>/dev/null ;;
  when-full)
    until "$LUNARIA" status --data "$T/data" --json | grep -q '"health": *"OutOfSpace"'; do
      kill -0 "$(target_pid "$T")" || exit 1
      sleep 0.3
    done
    admin pool add "$2" --size "$3" ;;
  shrink) admin pool evacuate "$2" && admin pool remove "$2" --yes ;;
  lun-remove) admin lun unmap "$(target_iqn "$T" plain)" "$2" --yes ;;
  *) echo "unknown verb ${1:-}" >&2; exit 2 ;;
esac
