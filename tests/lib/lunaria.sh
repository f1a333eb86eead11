# The appliance as a target: sourced by target.sh.
# shellcheck shell=bash

# build_lunaria: once per machine and checkout; CI has built already.
build_lunaria() {
  [ -x "$LUNARIA" ] && return 0
  MSBUILDDISABLENODEREUSE=1 dotnet build "$REPO/Appliance/Appliance.csproj" -c Release -v q --nologo >&2 && [ -x "$LUNARIA" ]
}

lunaria_create() { python3 "$LIB/lunaria-config.py" "$@"; }

# Its output goes to DIR/output, its exit code to DIR/exit.
lunaria_start() {
  local dir=$1 pid
  : >"$dir/output"; rm -f "$dir/exit"
  # shellcheck disable=SC2086  # $TAKE_OVER: nothing, or --take-over
  "$LUNARIA" run --config "$dir/appliance.json" --data "$dir/data" --portal "127.0.0.1:$(target_port "$dir")" ${TAKE_OVER:-} \
    >>"$dir/output" 2>&1 </dev/null &
  pid=$!; disown "$pid"
  echo "$pid" >"$dir/pid"
  await_ready "$dir/output" "$pid" && return 0
  echo "the appliance is not ready after $START_SECONDS s; its output ends with:" >&2
  tail -n 15 "$dir/output" >&2
  kill -KILL "$pid" 2>/dev/null; rm -f "$dir/pid"
  return 1
}

# await_ready FILE PID: until the line is there, the process is gone, or the time is over.
await_ready() {
  grep -q -m 1 '^ready' < <(timeout "$START_SECONDS" tail -n +1 -s 0.1 --pid="$2" -f "$1" 2>/dev/null)
}

lunaria_stop() {
  local dir=$1 pid
  pid=$(target_pid "$dir") || return 0
  kill -TERM "$pid" 2>/dev/null
  gone "$pid" 40 || { echo "the appliance (process $pid) does not end on SIGTERM" >&2; target_kill "$dir"; return 1; }
  rm -f "$dir/pid"
}

# lunaria_try DIR SECONDS [OPTION...]: runs it in the foreground until it ends by itself; its exit code.
lunaria_try() {
  local dir=$1 seconds=$2; shift 2
  timeout -k 5 "$seconds" "$LUNARIA" run --config "$dir/appliance.json" --data "$dir/data" \
    --portal "127.0.0.1:$(target_port "$dir")" "$@" </dev/null
}
