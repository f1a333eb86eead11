#!/usr/bin/env bash
# The README's first command as a user types it, with the repository's own appliance.json: ready, a host logs in, Ctrl-C stops it in
# order, a second start serves the same data.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

begin first-start
need "first start" dotnet iscsi-ls qemu-io || finish
port=$(free_port)
# Only the fixed port of the status pages is changed: this machine may run another appliance.
sed 's/"127\.0\.0\.1:8480"/"off"/' "$REPO/appliance.json" >"$WORK/appliance.json" || { fail "appliance.json"; finish; }

# A job of a script ignores SIGINT and shares its group: give it a terminal user's signals.
run_appliance() {
  : >"$WORK/output"
  python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL); os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])' \
    dotnet run --project "$REPO/Appliance" -- run --config "$WORK/appliance.json" --data "$WORK/data" --portal "127.0.0.1:$port" \
    >"$WORK/output" 2>&1 </dev/null &
  runner=$!
  echo "$runner" >"$WORK/pid"
  START_SECONDS=180 await_ready "$WORK/output" "$runner" || { tail -n 15 "$WORK/output"; return 1; }
}
ctrl_c() {
  kill -INT -- "-$runner"
  gone "$runner" 40 || { kill -KILL -- "-$runner"; echo "still there after 40 s"; return 1; }
  local code=0; wait "$runner" || code=$?
  rm -f "$WORK/pid"
  [ "$code" = 0 ] || { echo "exit code $code"; tail -n 10 "$WORK/output"; return 1; }
}

check "dotnet run" run_appliance || finish
grep '^ready' "$WORK/output"
check "the line 'ready' names the portal" grep -q "^ready.*127.0.0.1:$port" "$WORK/output"
iqn=$(iscsi-ls "iscsi://127.0.0.1:$port" | sed -n 's/^Target:\([^ ]*\) .*/\1/p' | head -n 1)
check "the line 'ready' names the IQN" grep -q "^ready.*$iqn" "$WORK/output"
lun=$(python3 - "$WORK/appliance.json" <<'PY'
import json, re, sys
text = re.sub(r"^\s*//.*$|\s//.*$", "", open(sys.argv[1], encoding="utf-8").read(), flags=re.MULTILINE)
print(json.loads(text)["bootstrap"]["targets"][0]["luns"][0]["lun"])
PY
)
url=iscsi://127.0.0.1:$port/$iqn/$lun
check "a LUN of 64 GiB" sh -c "qemu-img info --output=json $url | grep -q '\"virtual-size\": $((64 << 30))'"
check "write" qemu-io -f raw -c "write -P 0x5a 4k 1M" -c "write -P 0x5b $(((64 << 30) - 4096)) 4k" "$url"
check "Ctrl-C ends it with exit code 0" ctrl_c
check "second start" run_appliance || finish
read_back() { qemu-io -f raw -c "read -P 0x5a 4k 1M" -c "read -P 0x5b $(((64 << 30) - 4096)) 4k" "$url" >"$WORK/io" 2>&1 && ! grep -qiE 'fail|error' "$WORK/io"; }
check "the same data" read_back
check "Ctrl-C ends it again" ctrl_c
check "lunaria version" "$LUNARIA" version
check "lunaria check" "$LUNARIA" check --config "$WORK/appliance.json"
finish
