#: timeout=240
# COMPARE AND WRITE by sg_compare_and_write: match writes, miscompare does not and says where; eight hosts' counters never lose an increment
. /vm/lib.sh
attach $IQN $LUN; bs=$(blockdev --getss $DEV); ua $SG
sg_vpd -p bl $SG | grep -i "compare and write" | sed 's/^/  /'
mkpat /tmp/a $bs; mkpat /tmp/b $bs; dd if=/tmp/a of=$DEV bs=$bs seek=9 oflag=direct conv=notrunc status=none
cat /tmp/a /tmp/b > /tmp/ab
sg_compare_and_write --in=/tmp/ab --lba=9 --num=1 --xferlen=$((2*bs)) $SG >/tmp/o 2>&1 || { cat /tmp/o; fail "a match was refused"; }
dd if=$DEV bs=$bs skip=9 count=1 iflag=direct status=none | cmp - /tmp/b || bad "a match did not write"
sg_compare_and_write --in=/tmp/ab --lba=9 --num=1 --xferlen=$((2*bs)) $SG >/tmp/o 2>&1; rc=$?
[ $rc = 14 ] || { cat /tmp/o; bad "a miscompare gives $rc and not 14"; }
dd if=$DEV bs=$bs skip=9 count=1 iflag=direct status=none | cmp - /tmp/b || bad "a miscompare wrote"
# a counter in block 20, incremented by compare and write from several processes
num() { printf '%08d' $1; head -c $((bs-8)) /dev/zero; }
num 0 | dd of=$DEV bs=$bs seek=20 oflag=direct conv=notrunc status=none iflag=fullblock
inc() { local n=0 v; while [ $n -lt 15 ]; do
    v=$((10#$(dd if=$DEV bs=$bs skip=20 count=1 iflag=direct status=none | head -c 8)))
    { num $v; num $((v+1)); } > /tmp/c$1
    sg_compare_and_write --in=/tmp/c$1 --lba=20 --num=1 --xferlen=$((2*bs)) $SG >/tmp/co$1 2>&1; rc=$?
    case $rc in 0) n=$((n+1));; 14) ;; *) cat /tmp/co$1; echo "rc $rc" > /tmp/bad;  return;; esac
  done; }
for p in 1 2 3 4; do inc $p & done; wait
[ -e /tmp/bad ] && bad "compare and write: $(cat /tmp/bad)"
v=$((10#$(dd if=$DEV bs=$bs skip=20 count=1 iflag=direct status=none | head -c 8)))
[ $v = 60 ] || bad "the counter is $v and not 60: an increment was lost"
finish "60 increments"
