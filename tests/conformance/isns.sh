#!/usr/bin/env bash
# The iSNS client against Debian's open-isns server: targets and portals are registered, changes follow, what is refreshed stays, what a server has forgotten is
# registered again, inquiries are answered, and a stop is told.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

begin isns
need isns isnsd isnsadm || finish
build_lunaria || { fail build; finish; }
names=$(free_port) S=$WORK/isns
mkdir -p "$S"
cat >"$S/conf" <<END
SourceName = iqn.2026-11.test:isnsd
BindAddress = 127.0.0.1:$names
ServerAddress = 127.0.0.1:$names
ControlSocket = $S/socket
PIDFile = $S/isnsd.pid
Database = $S/db
Security = 0
DefaultDiscoveryDomain = 1
RegistrationPeriod = 6
ESIMinInterval = 2
ESIRetries = 2
END
names_start() {
  isnsd -c "$S/conf" -f -d esi >>"$S/log" 2>&1 &
  server=$!
  echo "$server" >"$S/pid"
  local i; for ((i = 0; i < 50; i++)); do listed nodes >/dev/null 2>&1 && return 0; sleep 0.1; done
  tail -n 5 "$S/log"; return 1
}
names_stop() { kill -KILL "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -f "$S/pid" "$S/socket"; }
listed() { timeout 10 isnsadm -c "$S/conf" --local --list "$1" 2>&1; }
# knows KIND TEXT, forgets KIND TEXT: within some seconds.
knows() { local i; for ((i = 0; i < 60; i++)); do listed "$1" | grep -qF "$2" && return 0; sleep 0.25; done; listed "$1"; return 1; }
forgets() { local i; for ((i = 0; i < 80; i++)); do listed "$1" | grep -qF "$2" || return 0; sleep 0.25; done; listed "$1"; return 1; }
admin() { "$LUNARIA" "$@" --data "$T/data"; }

T=$WORK/t
target_create lunaria "$T" first:0=1GiB log=256MiB pool=4GiB web=127.0.0.1:0
target_start "$T" || { fail start; finish; }
first=$(target_iqn "$T" first)
check "the setting" admin settings set "iscsi.isns=127.0.0.1:$names"
target_stop "$T" || fail "orderly stop"
check "start without a name server" target_start "$T"
check "the name server" names_start || finish
check "the target is known" knows nodes "$first"
check "so is its portal" knows portals "= $(target_port "$T")/tcp"
check "create a target" admin target create iqn.2026-11.test:second --initiator '*'
check "it is known" knows nodes iqn.2026-11.test:second
check "delete it" admin target delete iqn.2026-11.test:second --yes
check "it is forgotten" forgets nodes iqn.2026-11.test:second
sleep 10
check "after more than a registration period the target is still known" knows nodes "$first"
check "inquiries have been made" grep -q "Sending ESI" "$S/log"
check "and answered" sh -c "! grep 'No ESI response' $S/log"
names_stop; rm -rf "$S/db"
check "a name server that has lost everything" names_start
check "it is told again" knows nodes "$first"
check "orderly stop" target_stop "$T"
check "the stop was told" sh -c "! timeout 10 isnsadm -c $S/conf --local --list nodes | grep -qF $first"
check "start" target_start "$T"
check "the target is known again" knows nodes "$first"
target_kill "$T"
check "a target that died is forgotten when its period is over" forgets nodes "$first"
names_stop
finish
