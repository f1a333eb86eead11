#: timeout=900 pool=1GiB log=256MiB lun=2097152 wait=25s
# 2 TiB on components of 2 GiB in all: formatted (XFS, then ext4), filled until space is out (most of it by another host, which is faster than an emulated one), a component added,
# the write goes on; a component emptied and removed while fio verifies
. /vm/lib.sh; . /vm/host.sh
FILL_MB=384 # More than is left and the write log has, so that space is out on the way.
modprobe xfs
ended() { local i; for i in $(seq 600); do host ended $1 >/tmp/o && [ -s /tmp/o ] && break; sleep 0.5; done; [ "$(cat /tmp/o)" = "ended 0" ]; }
must host pool-add c1 1GiB
attach $IQN $LUN
t=$SECONDS; must mkfs.xfs -q -f -l size=64m $DEV; note "mkfs.xfs of 2 TiB: $((SECONDS - t)) s"
must mount $DEV /mnt; mkpat /mnt/file 1M 16; sum=$(sha256sum < /mnt/file)
must umount /mnt; must mount $DEV /mnt
[ "$(sha256sum < /mnt/file)" = "$sum" ] || bad "XFS: the file is not what was written"
must umount /mnt
t=$SECONDS; must mkfs.ext4 -q -F -m 0 -E lazy_itable_init=1,lazy_journal_init=1 $DEV; note "mkfs.ext4 of 2 TiB: $((SECONDS - t)) s"
must mount -o noinit_itable $DEV /mnt
verify() { fio --name=fill --filename=/mnt/fill --size=${FILL_MB}M --bs=1M --direct=1 --ioengine=libaio --iodepth=4 --verify=crc32c --verify_fatal=1 --output=/tmp/fio.out "$@"; }
must host pool-fill 64
ended fill || { [ "$(cat /tmp/o)" = "ended 77" ] && skip "there is no qemu-io to fill the pool with"; fail "the pool could not be filled: $(cat /tmp/o)"; }
must host pool-add-when-full c2 2GiB
t=$SECONDS; verify --rw=write --fallocate=none --do_verify=0 || { tail -5 /tmp/fio.out; fail "a write of the host failed where space was out"; }
note "$FILL_MB MiB written in $((SECONDS - t)) s"
grep -E "write:" /tmp/fio.out | sed 's/^/  /'
ended when-full || fail "space was never out, or no component was added: $(cat /tmp/o)"
must host pool-shrink pool.0
n=0
until host ended shrink >/tmp/o && [ -s /tmp/o ]; do verify --rw=read --verify_only || { tail -5 /tmp/fio.out; fail "fio reads something wrong while a component is emptied"; }; n=$((n + 1)); done
[ "$(cat /tmp/o)" = "ended 0" ] || fail "the component was not removed: $(cat /tmp/o)"
note "verified $n times while a component was emptied and removed"
drop_caches; verify --rw=read --verify_only || { tail -5 /tmp/fio.out; bad "fio reads something wrong afterwards"; }
must umount /mnt; e2fsck -fn $DEV >/tmp/o 2>&1 || { tail -3 /tmp/o; bad fsck; }
dmesg | grep -E "EXT4-fs (error|warning)|XFS.*(error|corrupt)|Buffer I/O|I/O error|space alloc" | head -3 | grep . && bad "errors in the kernel's log"
finish "$FILL_MB MiB through a full pool, verified $n times beside"
