#!/usr/bin/env bash
# Peers, files and settings that are wrong: each gets a clear error, none ends the process, loses data or shows a secret.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

begin bad-input
need "bad input" qemu-io iscsi-inq || finish
build_lunaria || { fail build; finish; }
take_seed
secret=chappassword12

# io DIR LUN COMMAND...: qemu-io; fails where it reports anything that failed.
io() {
  local url arguments=() command
  url=$(target_url "$1" bad "$2"); shift 2
  for command in "$@"; do arguments+=(-c "$command"); done
  timeout 90 qemu-io -f raw -d unmap "${arguments[@]}" "$url" >"$WORK/io" 2>&1
  ! grep -qiE 'fail|error|denied|cannot|no space' "$WORK/io" || { cat "$WORK/io"; return 1; }
}
alive() { kill -0 "$(target_pid "$1")" 2>/dev/null; }
survives() { # NAME DIR: the process lives and serves
  if ! alive "$2"; then fail "$1" "the appliance died"; tail -n 15 "$2/output" | sed 's/^/      /'; return 1; fi
  if grep -qiE 'unhandled|fatal error|stack overflow' "$2/output"; then fail "$1" "an unhandled exception"; grep -iE -A 6 'unhandled' "$2/output" | head -n 12; return 1; fi
  check "$1: a real client is served" timeout 30 iscsi-inq "$(target_url "$2" bad 1)"
}
# starts NAME DIR
starts() { if target_start "$2" 2>"$WORK/start"; then pass "$1"; else fail "$1"; tail -n 8 "$WORK/start" | sed 's/^/      /'; return 1; fi; }

# --- settings and the start -----------------------------------------------------------------------------------------
T=$WORK/t
target_create lunaria "$T" bad:1=1GiB bad:2=1GiB chap:1=64MiB "chap=chap/chapuser/$secret" log=256MiB pool=2GiB
starts start "$T" || finish
pattern=("write -P 0x61 0 8M" "write -P 0x62 100M 1M" flush)
check "data" io "$T" 1 "${pattern[@]}"
whole=("read -P 0x61 0 8M" "read -P 0x62 100M 1M")

other_port=$(free_port)
refused "a second process on the same data directory" "$T/data.*in use|in use.*$T/data" \
  timeout 30 "$LUNARIA" run --config "$T/appliance.json" --data "$T/data" --portal "127.0.0.1:$other_port"
survives "after the second process" "$T"

exit_code() { local wanted=$1 code=0; shift; "$@" || code=$?; [ $code = "$wanted" ] || { echo "exit code $code, wanted $wanted"; return 1; }; }
mkdir "$WORK/other"; cp "$T/appliance.json" "$WORK/other"
refused "a portal that is taken" "127.0.0.1:$(target_port "$T")" timeout 30 "$LUNARIA" run --config "$WORK/other/appliance.json" --data "$WORK/other/data" --portal "127.0.0.1:$(target_port "$T")"
sed -i 's/"schemaVersion": 1/"schemaVersion": 1, "logg": {}, "iscsi": {"portals": ["nonsense"]}/' "$WORK/other/appliance.json"
check "wrong settings end with exit code 2" exit_code 2 timeout 30 "$LUNARIA" run --config "$WORK/other/appliance.json" --data "$WORK/other/data"
refused "... an unknown key is named with its path" '\blogg\b' timeout 30 "$LUNARIA" check --config "$WORK/other/appliance.json"
refused "... and so is every other error, at once" 'iscsi\.portals' timeout 30 "$LUNARIA" check --config "$WORK/other/appliance.json"
check "unknown options end with exit code 2" exit_code 2 timeout 30 "$LUNARIA" run --nonsense
check "a configuration that is absent ends with exit code 2" exit_code 2 timeout 30 "$LUNARIA" run --config "$WORK/absent.json"
touch "$WORK/file"
refused "a data directory that is a file" "$WORK/file" timeout 30 "$LUNARIA" run --config "$T/appliance.json" --data "$WORK/file" --portal "127.0.0.1:$other_port"

# --- peers ----------------------------------------------------------------------------------------------------------
port=$(target_port "$T") peers=$REPO/tests/conformance/bad-peers.py
refused "a wrong CHAP secret" 'auth|login' timeout 30 iscsi-inq "iscsi://chapuser%wrongwrong123@127.0.0.1:$port/$(target_iqn "$T" chap)/1"
ulimit -n 8192 2>/dev/null
python3 "$peers" half-open "$port" 1000 8 >"$WORK/half-open" 2>&1 &
holder=$!
grep -q -m 1 open < <(timeout 60 tail -n +1 --pid=$holder -f "$WORK/half-open"); cat "$WORK/half-open"
check "a client works beside a thousand half-open connections" io "$T" 1 "${whole[@]}" "write -P 0x63 200M 4M" "read -P 0x63 200M 4M"
check "... and another one logs in" timeout 30 iscsi-inq "$(target_url "$T" bad 2)"
echo "memory beside a thousand half-open connections: $(($(target_rss "$T") / 1024)) MiB"
check "... which come and go" wait "$holder"
check "broken bytes, logins and requests (seed $SEED)" timeout 240 python3 "$peers" fuzz "$port" "$(target_iqn "$T" bad)" 600 "$SEED"
survives "after broken bytes" "$T"
# A fuzzed WRITE may reach the LUN as a valid command, so data is written anew before it is checked again.
check "data anew" io "$T" 1 "${pattern[@]}" "${whole[@]}"
target_stop "$T" && pass "orderly stop" || fail "orderly stop"
if grep -rqE "$secret|wrongwrong123" "$T/output" "$T/data/logs"; then fail "a secret is in the logs"; else pass "no secret in the logs"; fi

# --- files of the pool ----------------------------------------------------------------------------------------------
# start_refused NAME PATTERN: the appliance must not start, must say what is wrong, and end with exit code 1.
start_refused() {
  refused "$1" "$2" lunaria_try "$T" 60 || return
  code=0; lunaria_try "$T" 60 >/dev/null 2>&1 || code=$?
  [ $code = 1 ] || fail "$1" "exit code $code, wanted 1"
}
again() { starts "$1: starts again" "$T" || return; check "$1: the data is there" io "$T" 1 "${whole[@]}"; target_stop "$T" || fail "$1: stop"; }
pool=$T/data/pool.0
mv "$pool" "$WORK/pool.kept"
start_refused "a pool component is missing" 'pool\.0'
[ -e "$pool" ] && { fail "a missing component is not made anew beside metadata that needs it"; rm -f "$pool"; }
target_create lunaria "$WORK/foreign" bad:1=1GiB log=256MiB pool=2GiB
target_start "$WORK/foreign" && target_stop "$WORK/foreign"
cp --sparse=always "$WORK/foreign/data/pool.0" "$pool"
start_refused "a component of another pool" 'pool\.0|another pool|pool .* lunaria\.db'
cp --sparse=always "$WORK/pool.kept" "$pool"; truncate -s 1G "$pool"
start_refused "a truncated component" 'pool\.0'
head -c 1M /dev/urandom >"$WORK/noise"
cp --sparse=always "$WORK/pool.kept" "$pool"; dd if="$WORK/noise" of="$pool" bs=1M conv=notrunc status=none
dd if="$WORK/noise" of="$pool" bs=1M seek=2047 conv=notrunc status=none
start_refused "a component with broken labels" 'pool\.0'
mv "$WORK/pool.kept" "$pool"
again "the right component is back"

# --- a corrupt log record -------------------------------------------------------------------------------------------
# Three flushed writes to one LUN, then SIGKILL; the second record is broken. Whatever the appliance does with the third, it must say so,
# and no block may read as anything that was not written there.
T=$WORK/corrupt
target_create lunaria "$T" bad:1=1GiB log=256MiB pool=2GiB
starts "start" "$T" && check "three records" io "$T" 1 "write -P 0x71 0 64k" flush "write -P 0x72 1M 64k" flush "write -P 0x73 2M 64k" flush
target_kill "$T"
flipped=$(python3 - "$T/data/log" <<'PY'
import pathlib, sys
# The payload of the second write: the first page of 0x72 in any file of the log.
for file in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    if not file.is_file():
        continue
    with file.open("r+b") as f:
        position = 0
        while page := f.read(1 << 20):
            at = page.find(b"\x72" * 4096)
            if at >= 0:
                f.seek(position + at + 100)
                f.write(b"\x00")
                print(f"{file.name}+{position + at + 100}")
                sys.exit(0)
            position += len(page)
PY
)
if [ -z "$flipped" ]; then fail "a corrupt log record" "its payload is not in the log's files"
elif target_start "$T" 2>"$WORK/start"; then
  echo "broken at $flipped; it starts"
  check "a corrupt log record: what came before is there" io "$T" 1 "read -P 0x71 0 64k"
  if io "$T" 1 "read -P 0x72 1M 64k" >/dev/null 2>&1; then fail "a corrupt log record" "the broken block reads as if it were whole"
  elif io "$T" 1 "read -P 0 1M 64k" >/dev/null 2>&1 || grep -qi 'read failed' "$WORK/io"; then pass "a corrupt log record is never data"
  else fail "a corrupt log record" "wrong data"; fi
  if grep -qiE 'log.*(record|ends|crc|checksum|damaged|corrupt|broken)' "$T/output"; then pass "a corrupt log record is reported"; else fail "a corrupt log record" "nothing is said about it"; tail -n 8 "$T/output"; fi
  survives "after a corrupt log record" "$T"; target_stop "$T" || fail "orderly stop"
elif grep -qiE "log" "$WORK/start" && ! grep -qi unhandled "$WORK/start"; then pass "a corrupt log record stops the start with a message"
else fail "a corrupt log record" "$(tail -n 5 "$WORK/start")"; fi

# --- a full pool ----------------------------------------------------------------------------------------------------
T=$WORK/full
target_create lunaria "$T" bad:1=4GiB log=256MiB pool=512MiB
starts "start with a small pool" "$T"
head -c 1500M /dev/urandom >"$WORK/random"
code=0
timeout 240 qemu-img convert -n -t writeback -f raw -O raw "$WORK/random" "$(target_url "$T" bad 1)" >"$WORK/full.out" 2>&1 || code=$?
tail -n 2 "$WORK/full.out"
if [ $code = 0 ]; then fail "a full pool" "1500 MiB went into a pool of 512 MiB"
elif [ $code = 124 ]; then fail "a full pool" "the writer hangs"
elif grep -qiE 'no space|space alloc|0x2707' "$WORK/full.out"; then pass "a full pool is 'no space' to the writer"
else fail "a full pool" "the writer sees something else: $(tail -n 1 "$WORK/full.out")"; fi
survives "a full pool" "$T"
dd if="$WORK/random" of="$WORK/head" bs=1M count=64 status=none
equal_head() { timeout 60 qemu-img dd -f raw -O raw bs=1M count=64 if="$(target_url "$T" bad 1)" of="$WORK/back" && cmp "$WORK/head" "$WORK/back"; }
check "what was written before is there" equal_head
check "UNMAP goes on" io "$T" 1 "discard 64M 1G" "discard 1088M 1G" "discard 2112M 1984M"
target_stop "$T" || fail "orderly stop of a full pool"
starts "restart of a pool that was full" "$T" && check "... data" equal_head
finish
