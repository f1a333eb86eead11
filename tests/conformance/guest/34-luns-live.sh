#: timeout=420
# LUNs come and go while the host is logged in: it hears so by a unit attention, sees the new one after a rescan, and the old ones work on
. /vm/lib.sh; . /vm/host.sh
attach $IQN $LUN; ua $SG
host lun-add 7 96 >/dev/null || skip "the target's adapter adds no LUN"
heard() { { sg_turs -v $SG; sg_requests $SG; } >/tmp/o 2>&1; dd if=$DEV of=/dev/null bs=4k count=1 iflag=direct status=none
  local i; for i in $(seq 20); do grep -qi "luns data has changed\|LUN.*has changed" <<<"$(dmesg; cat /tmp/o)" && { dmesg -C; return 0; }; sleep 0.5; done; return 1; }
heard || bad "no REPORTED LUNS DATA HAS CHANGED for a new LUN"
sg_luns $SG >/tmp/o; grep -qi '0007' /tmp/o || { cat /tmp/o; bad "REPORT LUNS has no LUN 7"; }
must iscsiadm -m session --rescan >/dev/null
D7=$(wait_dev $IQN 7) || fail "no device for LUN 7"
[ "$(blockdev --getsize64 $D7)" = $((96 << 20)) ] || bad "size of LUN 7"
rw_check $D7 2 || bad "I/O on LUN 7"
rw_check $DEV 2 || bad "I/O on the old LUN"
[ "$(cat /sys/block/${D7##*/}/device/wwid)" != "$(cat /sys/block/${DEV##*/}/device/wwid)" ] || bad "both have one identifier"
dmesg -C
host lun-remove 7 >/dev/null || fail "lun-remove"
heard || bad "no REPORTED LUNS DATA HAS CHANGED for a LUN that went"
sg_turs $(sg_of $D7) >/dev/null 2>&1 && bad "the LUN that went is ready"
dd if=$D7 of=/dev/null bs=4k count=1 iflag=direct status=none 2>/dev/null && bad "the LUN that went can be read"
rw_check $DEV 2 || bad "I/O on the old LUN after"
echo 1 > /sys/block/${D7##*/}/device/delete
host lun-add 7 128 >/dev/null || fail "lun-add again"
must iscsiadm -m session --rescan >/dev/null; D7=$(wait_dev $IQN 7) || fail "no device for the new LUN 7"
[ "$(blockdev --getsize64 $D7)" = $((128 << 20)) ] || bad "size of the new LUN 7"
finish
