#: timeout=420
# a LUN grows while ext4 is mounted from it: the host hears of it by a unit attention, a rescan shows the size, the file system grows with it
. /vm/lib.sh; . /vm/host.sh
attach $IQN $LUN
before=$(blockdev --getsize64 $DEV); new=$((LUN_MB + 256))
must mkfs.ext4 -q -F $DEV; must mount $DEV /mnt; dd if=/dev/urandom of=/mnt/x bs=1M count=20 status=none; sum=$(sha256sum < /mnt/x)
host resize $LUN $new >/dev/null || fail "resize by the target"
sg_turs -v $SG >/tmp/o 2>&1; sg_requests $SG >>/tmp/o 2>&1; dd if=$DEV of=/dev/null bs=4k count=1 iflag=direct status=none
heard() { grep -qi "capacity data has changed" <<<"$(dmesg; cat /tmp/o)"; }
for i in $(seq 20); do heard && break; sleep 0.5; done
heard || bad "no CAPACITY DATA HAS CHANGED"
must iscsiadm -m session --rescan >/dev/null
for i in $(seq 40); do [ "$(blockdev --getsize64 $DEV)" = $((new << 20)) ] && break; sleep 0.25; done
[ "$(blockdev --getsize64 $DEV)" = $((new << 20)) ] || fail "the device has $(($(blockdev --getsize64 $DEV) >> 20)) MiB, not $new (before: $((before >> 20)))"
must resize2fs $DEV >/tmp/o 2>&1
[ "$(df -m /mnt | awk 'NR==2 {print $2}')" -gt $((LUN_MB * 85 / 100 + 150)) ] || bad "the file system did not grow: $(df -m /mnt | tail -1)"
[ "$sum" = "$(sha256sum < /mnt/x)" ] || bad "the file changed"
rw() { dd if=/dev/urandom of=/tmp/p bs=4k count=1 status=none; dd if=/tmp/p of=$DEV bs=4k seek=$(((new << 8) - 1)) oflag=direct conv=notrunc status=none && dd if=$DEV of=/tmp/g bs=4k skip=$(((new << 8) - 1)) count=1 iflag=direct status=none && cmp /tmp/p /tmp/g; }
must umount /mnt; e2fsck -fn $DEV >/tmp/o 2>&1 || { tail -3 /tmp/o; bad fsck; }
rw || bad "the last block"
[ -n "$(kerrs)" ] && { kerrs | head -3; bad "kernel errors"; }
finish "$((before >> 20)) to $new MiB"
