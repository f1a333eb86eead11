#: timeout=300 pool=512MiB log=256MiB lun=1024
# a thin LUN larger than its pool: when space ends writes fail as "no space" and reads go on; what is unmapped can be written again, without a restart
. /vm/lib.sh
attach $IQN $LUN; q=/sys/block/${DEV##*/}/queue
dd if=/dev/urandom of=/tmp/p bs=1M count=4 status=none; dd if=/tmp/p of=$DEV bs=1M oflag=direct conv=notrunc status=none
full=0
for at in $(seq 8 8 $((LUN_MB - 8))); do
  dd if=/dev/urandom of=$DEV bs=1M seek=$at count=8 oflag=direct conv=notrunc status=none 2>/tmp/o || { full=$at; break; }
done
[ $full != 0 ] || skip "the pool takes all of the LUN"
note "no space at $full MiB: $(tail -1 /tmp/o)"
grep -qi "no space" /tmp/o || bad "the error is not ENOSPC: $(tail -1 /tmp/o)"
grep -qiE "space alloc|critical space" <<<"$(dmesg)" || bad "the kernel's log has no SPACE ALLOCATION FAILED"
dd if=$DEV of=/tmp/g bs=1M count=4 iflag=direct status=none && cmp /tmp/p /tmp/g || bad "reads while full"
must blkdiscard -o $((64<<20)) -l $((96<<20)) $DEV
ok=0; for i in $(seq 60); do dd if=/dev/urandom of=$DEV bs=1M seek=70 count=8 oflag=direct conv=notrunc status=none 2>/dev/null && { ok=1; break; }; sleep 1; done
[ $ok = 1 ] || bad "no write after UNMAP gave space back"
dd if=$DEV of=/tmp/g bs=1M count=4 iflag=direct status=none && cmp /tmp/p /tmp/g || bad "old data after"
finish "full at $full MiB"
