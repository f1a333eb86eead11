# ext4 under load: a snapshot is taken; a clone of it mounts (journal replay) and is clean; the snapshot itself mounts read-only; the volume goes back to it. Byte-checked each time
#: timeout=420
. /vm/lib.sh; . /vm/host.sh
attach $IQN $LUN
must mkfs.ext4 -q -F $DEV; must mount $DEV /mnt
mkdir -p /mnt/before /mnt2
for i in $(seq 30); do dd if=/dev/urandom of=/mnt/before/f$i bs=$((4096 + i * 1777)) count=7 status=none; done
sync; (cd /mnt && find before -type f | sort | xargs sha256sum) > /tmp/before
(n=0; while [ ! -e /tmp/stop ]; do dd if=/dev/urandom of=/mnt/load$((n % 6)) bs=64k count=8 conv=fsync status=none; n=$((n + 1)); done; echo $n > /tmp/writes) &
load=$!
sleep 3
must host snapshot $LUN monday
sleep 2
touch /tmp/stop; wait $load
note "$(cat /tmp/writes) files written under the snapshot"
(cd /mnt && sha256sum --quiet -c /tmp/before) || fail "the volume itself"
rm -rf /mnt/before; date > /mnt/after; sync

must host clone $LUN monday 11
must host map-snapshot $LUN monday 12
must iscsiadm -m session --rescan >/dev/null
C=$(wait_dev $IQN 11) || fail "no device for the clone"
S=$(wait_dev $IQN 12) || fail "no device for the snapshot"
must mount $C /mnt2
dmesg | grep -q "recovery complete" && note "the clone's journal was replayed"
(cd /mnt2 && sha256sum --quiet -c /tmp/before) || fail "the clone's files"
[ -e /mnt2/after ] && fail "the clone has what came after the snapshot"
echo mine > /mnt2/clone; must umount /mnt2
e2fsck -fn $C >/tmp/o 2>&1 || { cat /tmp/o; fail "fsck of the clone"; }
[ "$(blockdev --getro $S)" = 1 ] || fail "the snapshot is not read-only"
must mount -o ro,noload $S /mnt2
(cd /mnt2 && sha256sum --quiet -c /tmp/before) || fail "the snapshot's files"
[ -e /mnt2/clone ] && fail "the snapshot has what was written to the clone"
must umount /mnt2

must umount /mnt; must logout >/dev/null
must host rollback $LUN monday
must login >/dev/null; DEV=$(wait_dev $IQN $LUN) || fail "no device after the rollback"
must mount $DEV /mnt
(cd /mnt && sha256sum --quiet -c /tmp/before) || fail "files after the rollback"
[ -e /mnt/after ] && fail "what came after the snapshot is still there"
must umount /mnt
e2fsck -fn $DEV >/tmp/o 2>&1 || { cat /tmp/o; fail "fsck after the rollback"; }
logout >/dev/null
pass "$(wc -l < /tmp/before) files in volume, clone, snapshot and after the rollback"
