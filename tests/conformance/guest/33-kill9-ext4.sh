#: timeout=420
# the target dies by SIGKILL three times under ext4 in use: every write that fsync answered is there, and the file system hears of no error
. /vm/lib.sh; . /vm/host.sh
node_new $IQN $PORTAL; node_set $IQN $PORTAL node.session.timeo.replacement_timeout 120
login >/dev/null || fail login; DEV=$(wait_dev $IQN $LUN) || fail "no device"
must mkfs.ext4 -q -F $DEV; must mount -o errors=remount-ro $DEV /mnt; mkdir /mnt/d
( i=0; while [ ! -e /tmp/stop ]; do i=$((i+1))
    head -c $((RANDOM * 3 + 1000)) /dev/urandom > /mnt/d/$i && sync /mnt/d/$i || { echo "write $i failed" > /tmp/bad; break; }
    (cd /mnt/d && sha256sum $i) >> /tmp/sums; echo $i > /tmp/count
    [ $i -gt 60 ] && rm -f /mnt/d/$((i-60)) && sed -i "/ $((i-60))\$/d" /tmp/sums
  done ) & w=$!
for kill in 1 2 3; do
  for i in $(seq 60); do [ "$(cat /tmp/count 2>/dev/null || echo 0)" -ge $((kill * 15)) ] && break; sleep 0.5; done
  host kill9 >/dev/null; sleep 2; host start >/dev/null || fail "start $kill"
  a=$(cat /tmp/count); for i in $(seq 120); do [ "$(cat /tmp/count)" -gt $((a+2)) ] && break; sleep 0.5; done
  [ "$(cat /tmp/count)" -gt $((a+2)) ] || bad "no write after kill $kill"
done
touch /tmp/stop; wait $w
[ -e /tmp/bad ] && bad "$(cat /tmp/bad)"
drop_caches; (cd /mnt/d && sha256sum --quiet -c /tmp/sums) || bad "contents"
must umount /mnt; e2fsck -fn $DEV >/tmp/o 2>&1 || { tail -3 /tmp/o; bad fsck; }
dmesg | grep -E "EXT4-fs (error|warning)|Buffer I/O|I/O error|Aborting journal" | head -3 | grep . && bad "errors in the kernel's log"
finish "$(cat /tmp/count) files over three kills"
