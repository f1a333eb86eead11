#: nics=2 timeout=300
# two paths to one LUN under multipathd: one goes, I/O goes on over the other without an error; it comes back; then the other goes
. /vm/lib.sh
start_udev; modprobe dm_multipath
mkdir -p /etc/multipath
cat > /etc/multipath.conf <<C
defaults {
  user_friendly_names yes
  polling_interval 1
  max_polling_interval 2
  find_multipaths no
  path_checker tur
  no_path_retry queue
}
C
must multipathd
for p in $PORTAL $PORTAL_B; do
  node_new $IQN $p || fail "record for $p"
  node_set $IQN $p node.session.timeo.replacement_timeout 2
  node_set $IQN $p node.conn[0].timeo.noop_out_interval 1; node_set $IQN $p node.conn[0].timeo.noop_out_timeout 2
  login $IQN $p >/dev/null || fail "login to $p"
done
wait_dev $IQN $LUN 2 >/tmp/devs || fail "two devices"
map() { multipathd show maps raw format "%n %w" 2>/dev/null | awk -v w="$1" '$2 == w {print $1}'; }
set -- $(cat /tmp/devs)
wwid=$(cat /sys/block/${1##*/}/device/wwid); [ "$wwid" = "$(cat /sys/block/${2##*/}/device/wwid)" ] || fail "the paths have different identifiers"
for i in $(seq 60); do M=$(multipathd show maps raw format "%n %w %N" | awk '$3 >= 2 {print $1; exit}'); [ -n "$M" ] && break; sleep 0.5; done
[ -n "$M" ] || { multipathd show paths; fail "no map with two paths"; }
multipath -ll | sed 's/^/  /'
D=/dev/mapper/$M
must mkfs.ext4 -q -F $D; must mount $D /mnt
( i=0; while [ ! -e /tmp/stop ]; do i=$((i+1)); dd if=/dev/urandom of=/mnt/f$((i%20)) bs=64k count=4 conv=fsync status=none || { echo "write $i failed" >> /tmp/bad; break; }; echo $i > /tmp/count; done ) & w=$!
alive() { multipathd show paths raw format "%d %t" | grep -cE "^(${1##*/}|${2##*/}) +active"; }
wait_alive() { local i; for i in $(seq 80); do [ "$(alive $(cat /tmp/devs))" = $1 ] && return 0; sleep 0.5; done; multipathd show paths; return 1; }
progress() { local a=$(cat /tmp/count) i; for i in $(seq 120); do [ "$(cat /tmp/count)" -gt $((a+3)) ] && return 0; sleep 0.5; done; return 1; }
for nic in eth0 eth1; do
  progress || bad "no I/O before $nic goes"
  ip link set $nic down; t=$(date +%s)
  wait_alive 1 || bad "the path by $nic is not seen to fail"
  progress || bad "no I/O while $nic is down"
  note "$nic: goes on after $(($(date +%s)-t)) s"
  ip link set $nic up
  wait_alive 2 || bad "the path by $nic does not come back"
done
touch /tmp/stop; wait $w
[ -e /tmp/bad ] && bad "$(cat /tmp/bad)"
umount /mnt; e2fsck -fn $D >/tmp/o 2>&1 || { tail -5 /tmp/o; bad fsck; }
dmesg | grep -E "EXT4-fs (error|warning)|Buffer I/O|Aborting journal" | head -3 | sed 's/^/  /' | grep . && bad "the file system saw errors"
finish "$(cat /tmp/count) writes"
