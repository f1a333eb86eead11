#!/usr/bin/env bash
# The Debian package: built, installed, started as its unit says, used by a host, upgraded over its data, downgraded, removed, purged. The machine
# needs no systemd as process 1: tests/lib/notify.py starts the unit's ExecStart as its User, with a NOTIFY_SOCKET. Then once more in a jail where systemd is process 1.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"
. "$LIB/systemd.sh"

begin package
need package dotnet dpkg dpkg-deb adduser setpriv python3 qemu-io iscsi-ls || finish
[ "$(id -u)" = 0 ] || { skip package "only root installs packages"; finish; }
if dpkg -s lunaria >/dev/null 2>&1 || [ -e /var/lib/lunaria ] || [ -e /etc/lunaria ]; then skip package "a lunaria is installed here: this test would remove it"; finish; fi
UNIT=$REPO/packaging/lunaria.service
PORT=$(free_port)
IQN=iqn.2026-11.test.package:disk

# Nothing of it stays on the machine, whatever happens.
clean_package() {
  [ -f "$WORK/pid" ] && kill -KILL "$(cat "$WORK/pid")" 2>/dev/null
  jail_end "$WORK/jail"
  dpkg --purge --force-all lunaria >/dev/null 2>&1
  rm -rf /var/lib/lunaria /etc/lunaria
  deluser --quiet --system lunaria >/dev/null 2>&1
  clean_up
}
trap clean_package EXIT

unit() { sed -n "s/^$1=//p" "$UNIT"; }
publish() {
  dotnet publish "$REPO/Appliance/Appliance.csproj" --runtime linux-x64 --self-contained -p:PublishSingleFile=true -p:IncludeNativeLibrariesForSelfExtract=false \
    -p:RunAnalyzers=false --output "$WORK/published" -v q --nologo
}
build_packages() {
  "$REPO/packaging/debian/build.sh" "$WORK/published" "$WORK/old.deb" && "$REPO/packaging/debian/build.sh" "$WORK/published" "$WORK/new.deb" 99.0.0
}
start() {
  # shellcheck disable=SC2046  # the words of ExecStart
  python3 "$LIB/notify.py" 120 "$WORK/log" "$WORK/pid" setpriv --reuid "$(unit User)" --regid "$(unit Group)" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
    sh -c "umask $(unit UMask); exec $(unit ExecStart)" || { tail -n 15 "$WORK/log"; return 1; }
}
stop() { kill -TERM "$(cat "$WORK/pid")" && gone "$(cat "$WORK/pid")" 60 && rm "$WORK/pid"; }
disk() ( cd / && lunaria volume create disk --size 1GiB && lunaria target create "$IQN" --initiator '*' && lunaria lun map "$IQN" disk )
io() { qemu-io -f raw -c "$1" "iscsi://127.0.0.1:$PORT/$IQN/0" >"$WORK/io" 2>&1 && ! grep -qiE 'fail|error' "$WORK/io"; }
owned() { [ -z "$(find /var/lib/lunaria ! -user lunaria -print -quit)" ] && [ "$(stat -c %a /var/lib/lunaria)" = 700 ]; }

check "publish" publish || finish
check "two packages" build_packages || finish
check "install" dpkg -i "$WORK/old.deb" || { dpkg --info "$WORK/old.deb" | head -n 20; finish; }
check "its settings are right" sh -c 'cd / && lunaria check'
check "its user and directory are there" owned
sed -i "s/0\.0\.0\.0:3260/127.0.0.1:$PORT/; s/127\.0\.0\.1:8480/127.0.0.1:0/; s/80GiB/2GiB/; s/4GiB/256MiB/" /etc/lunaria/appliance.json
check "start as the unit does, READY=1" start || finish
check "the code of the first run is printed" grep -q 'sets the administrator' "$WORK/log"
check "a disk by the command line, as root, from anywhere" disk
check "a host writes" io "write -P 0x42 0 8M"
check "all that it has made is its own" owned

check "a setting is changed" sh -c 'cd / && lunaria settings set iscsi.maxConnections=500 && grep -q 500 /etc/lunaria/appliance.json'
check "upgrade while it runs" dpkg -i "$WORK/new.deb"
check "the changed settings stay" grep -q "127.0.0.1:$PORT" /etc/lunaria/appliance.json
check "stop" stop
check "start of the new version" start || finish
check "the same data" io "read -P 0x42 0 8M"
check "stop" stop

later() { python3 -c 'import sqlite3, sys; db = sqlite3.connect("/var/lib/lunaria/lunaria.db"); db.execute(sys.argv[1]); db.commit()' "$1"; }
known=$(python3 -c 'import sqlite3; print(sqlite3.connect("/var/lib/lunaria/lunaria.db").execute("SELECT version FROM target_schema").fetchone()[0])')
check "data of a later version" later "UPDATE target_schema SET version = $((known + 1))"
refused "an older program refuses it with a reason" "version $((known + 1)).*this program knows $known" setpriv --reuid lunaria --regid lunaria --clear-groups lunaria run --config /etc/lunaria/appliance.json
later "UPDATE target_schema SET version = $known"
check "downgrade to what knows the data" dpkg -i --force-downgrade "$WORK/old.deb"
check "start" start || finish
check "the same data" io "read -P 0x42 0 8M"
check "stop" stop

check "remove" dpkg -r lunaria
check "the program is gone, settings and data stay" test ! -e /usr/bin/lunaria -a ! -e /usr/lib/lunaria -a -e /etc/lunaria/appliance.json -a -e /var/lib/lunaria/lunaria.db
check "install again" dpkg -i "$WORK/old.deb"
check "start" start || finish
check "the same data" io "read -P 0x42 0 8M"
check "stop" stop
check "purge" dpkg --purge lunaria
check "settings are gone, data stay" test ! -e /etc/lunaria -a -e /var/lib/lunaria/pool/0.lpool
rm -rf /var/lib/lunaria

# What only systemd itself can show: its sandbox, READY=1 from inside it, restarts.
under_systemd() {
  need "systemd as process 1" unshare nsenter /lib/systemd/systemd || return
  local J=$WORK/jail before
  jail_create "$J" || { skip "systemd as process 1" "this machine mounts no overlay"; return; }
  cp "$WORK/new.deb" "$J/root/root/"
  check "install in a jail" chroot "$J/root" dpkg -i /root/new.deb || return
  sed -i "s/0\.0\.0\.0:3260/127.0.0.1:$PORT/; s/127\.0\.0\.1:8480/127.0.0.1:0/; s/80GiB/2GiB/; s/4GiB/256MiB/" "$J/root/etc/lunaria/appliance.json"
  check "systemd hears READY=1 from inside the sandbox" jail_boot "$J" lunaria.service || return
  jail "$J" systemctl show lunaria -p StatusText | grep -q 'Serves' && pass "its status" || fail "its status"
  check "a disk by the command line in the jail" jail "$J" sh -c "cd / && lunaria volume create disk --size 1GiB && lunaria target create $IQN --initiator '*' && lunaria lun map $IQN disk"
  check "a host writes to it" io "write -P 0x43 0 4M"
  before=$(jail "$J" systemctl show lunaria -p MainPID --value)
  check "kill -9 of the service" jail "$J" systemctl kill -s KILL lunaria
  check "systemd starts it again" until_true 30 restarted "$before"
  check "the same data after it" io "read -P 0x43 0 4M"
  check "an orderly stop" sh -c "$(declare -f jail); jail '$J' systemctl stop lunaria && [ \"\$(jail '$J' systemctl show lunaria -p Result --value)\" = success ]"
  echo '{ "nonsense": 1 }' >"$J/root/etc/lunaria/appliance.json"
  jail "$J" systemctl start lunaria >/dev/null 2>&1
  sleep 3 # longer than RestartSec: what must not happen would have happened
  local state; state=$(jail "$J" systemctl show lunaria -p ActiveState -p NRestarts -p ExecMainStatus | sort | tr '\n' ' ')
  [ "$state" = "ActiveState=failed ExecMainStatus=2 NRestarts=0 " ] && pass "a wrong configuration is not tried again" || fail "a wrong configuration is not tried again" "$state"
}
restarted() { [ "$(jail "$WORK/jail" systemctl show lunaria -p MainPID --value)" != "$1" ] && jail "$WORK/jail" systemctl is-active lunaria >/dev/null; }
# until_true SECONDS COMMAND...
until_true() {
  local i; for ((i = 0; i < $1 * 5; i++)); do "${@:2}" && return 0; sleep 0.2; done
  return 1
}
under_systemd
finish
