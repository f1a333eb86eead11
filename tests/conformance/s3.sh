#!/usr/bin/env bash
# An appliance whose data lies in a bucket of a real S3 store (Ceph's gateway): real data in and out,
# kill -9 under load, and what a wrong configuration is told.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"
. "$LIB/rgw.sh"

rounds=5
while [ $# -gt 0 ]; do
  case $1 in --rounds) rounds=$2 ;; *) echo "unknown option $1" >&2; exit 2 ;; esac
  shift 2
done

real_data() {
  need "real data" mke2fs e2fsck qemu-img || return
  local image=$WORK/image url T=$WORK/real tree image_mib
  # How large it is depends on what was built and published before.
  tree=$(dirname "$LUNARIA")
  image_mib=$(($(du -sm "$tree" | cut -f 1) * 5 / 4 + 32))
  truncate -s "${image_mib}M" "$image"
  check "mke2fs" mke2fs -q -t ext4 -b 4096 -d "$tree" "$image" || { rm "$image"; return; }
  target_create lunaria "$T" real:1=${image_mib}MiB log=256MiB s3=lunaria/real keys="$WORK/keys"
  target_start "$T" || { fail "start on an empty prefix"; return; }
  url=$(target_url "$T" real 1)
  check "in" timeout 300 qemu-img convert -n -t writeback -m 8 -W -f raw -O raw "$image" "$url" || return
  check "equal" timeout 300 qemu-img compare -f raw -F raw "$image" "$url"
  target_stop "$T" && pass "orderly stop" || fail "orderly stop"
  target_start "$T" || { fail "restart"; return; }
  check "equal after a restart" timeout 300 qemu-img compare -f raw -F raw "$image" "$url"
  until_destaged real 1 && pass "segments are in the bucket" || fail "segments are in the bucket"
  target_kill "$T"
  target_start "$T" || { fail "start after kill -9"; return; }
  check "equal after kill -9" timeout 300 qemu-img compare -f raw -F raw "$image" "$url"
  sleep 8 # until what the log holds is published, too: the next checks damage it
  target_stop "$T" || fail "second orderly stop"
}

# until_destaged PREFIX COUNT: until so many segments are there (at most 60 s).
until_destaged() {
  local i
  for ((i = 0; i < 300; i++)); do
    [ "$(s3 count lunaria "$1/volumes/")" -ge "$2" ] && return 0
    sleep 0.2
  done
  return 1
}
crash() {
  local load T=$WORK/crash round job delay
  load=$(build_load) || { skip "kill -9" "the load generator cannot be built"; return; }
  target_create lunaria "$T" crash:1=256MiB log=256MiB s3=lunaria/crash keys="$WORK/keys"
  target_start "$T" || { fail "start"; return; }
  for ((round = 1; round <= rounds; round++)); do
    timeout 60 "$load" --url "$(target_url "$T" crash 1)" --rw randwrite --bs 16k --size 96m --qd 16 --flush-every 100 --runtime 30 \
      --seed $((SEED + round)) --stamp "$WORK/state" >"$WORK/load" 2>&1 & job=$!
    delay=$((RANDOM % 3000 + 500)); sleep "$((delay / 1000)).$(printf %03d $((delay % 1000)))"
    target_kill "$T"; wait "$job"
    target_start "$T" || { fail "start after kill -9, round $round (seed $SEED)"; return; }
  done
  check "stamps after $rounds times kill -9 (seed $SEED)" timeout 120 "$load" --url "$(target_url "$T" crash 1)" --bs 16k --size 96m --check "$WORK/state"
  target_stop "$T" || fail "orderly stop"
  target_start "$T" || { fail "restart"; return; }
  check "stamps after a restart" timeout 120 "$load" --url "$(target_url "$T" crash 1)" --bs 16k --size 96m --check "$WORK/state"
  target_stop "$T" || fail "second orderly stop"
}

# wrong NAME PATTERN SPEC...: the start is refused with a clear message.
wrong() {
  local name=$1 pattern=$2 T; shift 2
  T=$WORK/wrong; rm -rf "$T"
  target_create lunaria "$T" a:0=64MiB log=256MiB "$@"
  refused "$name" "$pattern" lunaria_try "$T" 30
}

bad_settings() {
  s3_keys "$WORK/wrong-id" nobody "$S3_SECRET_KEY"
  s3_keys "$WORK/wrong-secret" "$S3_ACCESS_KEY" wrong
  echo "[other]" >"$WORK/no-section"
  wrong "unknown access key" "does not know the access key" s3=lunaria/bad keys="$WORK/wrong-id"
  wrong "wrong secret key" "secret key is not the access key's" s3=lunaria/bad keys="$WORK/wrong-secret"
  wrong "no such section" "no complete section" s3=lunaria/bad keys="$WORK/no-section"
  wrong "no credentials file" "is not there" s3=lunaria/bad keys="$WORK/none"
  wrong "no such bucket" "no such bucket" s3=not-there/bad keys="$WORK/keys"
  wrong "a bucket of another pool" "has the catalog of pool.*lunaria import" s3=lunaria/real keys="$WORK/keys"
  [ "$(s3 count lunaria bad/)" = 0 ] && pass "a refused start leaves no object" || fail "a refused start leaves no object"
}

# damage NAME COMMAND: what COMMAND makes of a segment is an error of the blocks in it, never data; the object put back, all is well.
damage() {
  local name=$1 T=$WORK/real key; shift
  [ -f "$WORK/image" ] || return
  key=$(s3 keys lunaria real/volumes/ | sort -k 2 -n | tail -n 1); key=${key% *}
  s3 get lunaria "$key" >"$WORK/segment" && "$@" <"$WORK/segment" | s3 put lunaria "$key" || { fail "$name" "cannot change $key"; return; }
  rm -f "$T/data/cache/0.lcache" # which may have what the bucket has no more
  target_start "$T" || { fail "$name" "start"; return; }
  refused "$name: an error, not data" "input/output error|error while reading" timeout 300 qemu-img compare -f raw -F raw "$WORK/image" "$(target_url "$T" real 1)"
  grep -q 'is damaged or lost in the object store' "$T/output" && pass "$name: said in the log" || fail "$name: said in the log"
  s3 put lunaria "$key" <"$WORK/segment"
  check "$name: mended" timeout 300 qemu-img compare -f raw -F raw "$WORK/image" "$(target_url "$T" real 1)"
  target_stop "$T" || fail "$name: orderly stop"
}
flip() { python3 -c 'import sys; data = bytearray(sys.stdin.buffer.read()); data[len(data) // 2] ^= 1; sys.stdout.buffer.write(data)'; }
shorten() { head -c 20000; }

read_only() {
  radosgw-admin --conf="$CEPH_CONF" user modify --uid=s3test --op-mask=read >/dev/null 2>&1 || { skip "read-only bucket" "radosgw-admin cannot change the user"; return; }
  wrong "a bucket that may only be read" "access is denied" s3=lunaria/bad keys="$WORK/keys"
  radosgw-admin --conf="$CEPH_CONF" user modify --uid=s3test --op-mask='read, write, delete' >/dev/null 2>&1
}

begin s3
take_seed
build_lunaria || { fail build; finish; }
rgw_start || { skip "everything on S3" "Ceph's gateway cannot be started (shared/s3/rgw-up.sh)"; finish; }
s3_keys "$WORK/keys"
check "bucket" s3 make lunaria || finish
real_data
crash
damage "a flipped bit" flip
damage "a truncated object" shorten
read_only
bad_settings
finish
