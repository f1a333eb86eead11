#: timeout=420
# EXTENDED COPY by sg_xcopy: within a LUN, between LUNs, offsets that are not those of 4 KiB blocks; the copy is the source and stays so when the source changes
. /vm/lib.sh; . /vm/host.sh
attach $IQN $LUN; S=$DEV SS=$SG
D=$(wait_dev $IQN $LUN_B) || fail "no second LUN"; DS=$(sg_of $D); ua $SS; ua $DS
bs=$(blockdev --getss $S); mb=$((1048576 / bs))
sg_vpd -p cd $SS >/tmp/o 2>&1 || sg_vpd -p tpc $SS >/tmp/o 2>&1; grep -iE "maximum|supported" /tmp/o | head -12 | sed 's/^/  /'
dd if=/dev/urandom of=/tmp/p bs=1M count=16 status=none; dd if=/tmp/p of=$S bs=1M oflag=direct conv=notrunc status=none
copy() { # from-sg to-sg skip seek count (blocks)
  sg_xcopy if=$1 of=$2 bs=$bs skip=$3 seek=$4 count=$5 "${@:6}" >/tmp/o 2>&1 || { cat /tmp/o; return 1; }; }
same() { # device MiB-offset: 16 MiB of it are the pattern
  dd if=$1 of=/tmp/g bs=1M skip=$2 count=16 iflag=direct status=none; cmp /tmp/p /tmp/g; }
copy $SS $DS 0 $((8*mb)) $((16*mb)) || fail "LUN to LUN"
same $D 8 || bad "LUN to LUN: content"
copy $SS $SS 0 $((32*mb)) $((16*mb)) || bad "within a LUN"
same $S 32 || bad "within a LUN: content"
copy $SS $DS 3 $((40*mb+1)) 2500 || bad "odd offsets"
dd if=$D of=/tmp/g bs=$bs skip=$((40*mb+1)) count=2500 iflag=direct status=none; dd if=/tmp/p bs=$bs skip=3 count=2500 status=none | cmp - /tmp/g || bad "odd offsets: content"
dd if=/dev/urandom of=$S bs=1M count=16 oflag=direct conv=notrunc status=none
same $D 8 || bad "the copy changed with its source"; same $S 32 || bad "the copy within the LUN changed with its source"
host kill9 >/dev/null; host start >/dev/null || fail "start"; for i in $(seq 60); do ua $DS && break; sleep 1; done
same $D 8 || bad "the copy after kill -9"
sg_copy_results -s -x 0 $SS >/tmp/o 2>&1; sg_copy_results -p $SS 2>&1 | grep -i "maximum" | head -4 | sed 's/^/  /'
finish
