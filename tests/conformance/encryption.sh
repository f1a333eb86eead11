#!/usr/bin/env bash
# An encrypted pool and an encrypted bucket (Ceph's gateway): nothing that hosts wrote is seen in either, nothing but the key opens
# them, what was changed in them is an error and never data, and all of it bears kill -9 and another wrapping key.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"
. "$LIB/rgw.sh"

words='a sentence that stands in every block of the image'
image_mib=48

# key NAME: a new key; prints where it is.
key() { openssl rand -hex 32 >"$WORK/$1.key" && chmod 600 "$WORK/$1.key" && echo "file:$WORK/$1.key"; }
cli() { "$LUNARIA" "$@" --config "$T/appliance.json" --data "$T/data"; }
equal() { check "$1" timeout 200 qemu-img compare -f raw -F raw "$WORK/image" "$(target_url "$T" d 1)"; }
stored() { "$LUNARIA" status --json --config "$T/appliance.json" --data "$T/data" | python3 -c 'import json, sys; e = json.load(sys.stdin)["engine"]; print(e["storedBytes"] if e["logUsedBytes"] < 1 << 20 else 0)'; }
until_stored() { local i; for ((i = 0; i < 150; i++)); do [ "$(stored)" -ge $((image_mib << 20)) ] && return 0; sleep 0.2; done; return 1; }

# screenplay NAME SPEC...: the life of an encrypted store; `inside` shows everything that is in it.
screenplay() {
  local name=$1; shift
  T=$WORK/$name
  target_create lunaria "$T" d:1=${image_mib}MiB log=256MiB web=127.0.0.1:0 encryption="$(key first)" "$@"
  target_start "$T" || { fail "$name: start"; return; }
  check "$name: in" timeout 200 qemu-img convert -n -t writeback -m 8 -W -f raw -O raw "$WORK/image" "$(target_url "$T" d 1)" || return
  until_stored && pass "$name: all is stored" || fail "$name: all is stored" "$(stored)"
  equal "$name: equal"
  target_kill "$T"; target_start "$T" || { fail "$name: start after kill -9"; return; }
  equal "$name: equal after kill -9"
  check "$name: rotate" cli encryption rotate "$(key second)"
  check "$name: renew" cli encryption renew
  target_stop "$T" || fail "$name: orderly stop"
  inside >"$WORK/inside"
  [ "$(grep -c -a "$words" "$WORK/inside")" = 0 ] && pass "$name: no word of it is seen inside" || fail "$name: no word of it is seen inside"
  grep -c -a LUNASEAL "$WORK/inside" >/dev/null && pass "$name: sealed objects are" || fail "$name: sealed objects are seen inside"
  sha256sum <"$WORK/inside" >"$WORK/before"
  opens_only_with_its_key "$name"
  set_key second
  target_start "$T" || { fail "$name: start with the next key"; return; }
  equal "$name: equal with the next key"
  target_stop "$T" || fail "$name: orderly stop"
  set_key first
  refused "$name: the former key" "is encrypted, and backend.encryptionKey is key" lunaria_try "$T" 30
  set_key second
}

set_key() { sed -i "s|\"encryptionKey\": \"[^\"]*\"|\"encryptionKey\": \"file:$WORK/$1.key\"|" "$T/appliance.json"; }
opens_only_with_its_key() {
  local name=$1
  key third >/dev/null; set_key third
  refused "$name: another key" "is encrypted, and backend.encryptionKey is key" lunaria_try "$T" 30
  set_key none
  refused "$name: no key file" "key file .* is not there" lunaria_try "$T" 30
  cp "$T/appliance.json" "$WORK/kept.json"; sed -i '/encryptionKey/d' "$T/appliance.json"
  refused "$name: no key in the settings" "is encrypted, and backend.encryptionKey is not set" lunaria_try "$T" 30
  cp "$WORK/kept.json" "$T/appliance.json"
  inside | sha256sum | cmp -s - "$WORK/before" && pass "$name: a refused start changes nothing" || fail "$name: a refused start changes nothing"
}

# The machine is lost: bucket and key are enough.
lost() {
  T=$WORK/bucket
  target_start "$T" || { fail "start"; return; }
  check "everything to the bucket" cli backend flush
  target_kill "$T"; rm -rf "$T/data"
  set_key first
  refused "the machine lost: not without the key" "is encrypted, and backend.encryptionKey is key" cli import
  set_key second
  check "the machine lost: import with the key" cli import --without-secrets
  target_start "$T" || { fail "the machine lost: start"; return; }
  equal "the machine lost: equal"
  target_stop "$T" || fail "the machine lost: orderly stop"
}

# damage NAME COMMAND: what COMMAND makes of an object in the bucket is an error of the blocks in it; put back, all is well.
damage() {
  local name=$1 key; shift
  T=$WORK/bucket
  key=$(s3 keys lunaria sealed/volumes/ | sort -k 2 -n | tail -n 1); key=${key% *}
  s3 get lunaria "$key" >"$WORK/segment" && "$@" <"$WORK/segment" | s3 put lunaria "$key" || { fail "$name" "cannot change $key"; return; }
  rm -rf "$T/data/cache"
  target_start "$T" || { fail "$name" "start"; return; }
  refused "$name: an error, not data" "input/output error|error while reading" timeout 200 qemu-img compare -f raw -F raw "$WORK/image" "$(target_url "$T" d 1)"
  s3 put lunaria "$key" <"$WORK/segment"
  equal "$name: mended"
  target_stop "$T" || fail "$name: orderly stop"
}
flip() { python3 -c 'import sys; data = bytearray(sys.stdin.buffer.read()); data[len(data) // 2] ^= 1; sys.stdout.buffer.write(data)'; }
cut_end() { head -c -5000; }
other() { local k; k=$(s3 keys lunaria sealed/volumes/ | sort -k 2 -n | tail -n 2 | head -n 1); s3 get lunaria "${k% *}"; }

# crash SPEC...: kill -9 under load, encrypted and compressed; what was acknowledged is there.
crash() {
  local load round job
  load=$(build_load) || { skip "kill -9 under load" "the load generator cannot be built"; return; }
  T=$WORK/crash
  target_create lunaria "$T" d:1=256MiB log=256MiB encryption="$(key crash)" compression=on "$@"
  target_start "$T" || { fail "crash: start"; return; }
  for round in 1 2 3; do
    timeout 60 "$load" --url "$(target_url "$T" d 1)" --rw randwrite --bs 16k --size 96m --qd 16 --flush-every 100 --runtime 30 --seed $((SEED + round)) --stamp "$WORK/state" >"$WORK/load" 2>&1 & job=$!
    sleep "$((RANDOM % 2 + 1)).$((RANDOM % 10))"
    target_kill "$T"; wait "$job"
    target_start "$T" || { fail "crash: start after kill -9, round $round (seed $SEED)"; return; }
  done
  check "stamps after 3 times kill -9, encrypted and compressed (seed $SEED)" timeout 120 "$load" --url "$(target_url "$T" d 1)" --bs 16k --size 96m --check "$WORK/state"
  target_stop "$T" || fail "crash: orderly stop"
  # What a killed life had put and not published goes with the next put, or here.
  timeout 100 "$LUNARIA" fsck --repair --config "$T/appliance.json" --data "$T/data" >"$WORK/repair" 2>&1
  check "fsck" timeout 100 "$LUNARIA" fsck --config "$T/appliance.json" --data "$T/data"
}

begin encryption
take_seed
need encryption qemu-img openssl python3 || finish
build_lunaria || { fail build; finish; }
python3 - "$WORK/image" "$image_mib" "$words" <<'PY'
import random, sys
random.seed(7)
with open(sys.argv[1], "wb") as image:
    for n in range(int(sys.argv[2]) << 8):
        image.write((f"{n} {sys.argv[3]} ".encode() + random.randbytes(4096))[:4096])
PY
inside() { cat "$T/data/pool.0"; }
screenplay pool pool=1GiB
rgw_start || { skip "an encrypted bucket" "Ceph's gateway cannot be started (shared/s3/rgw-up.sh)"; finish; }
s3_keys "$WORK/keys"
check "bucket" s3 make lunaria || finish
inside() { local k _; s3 keys lunaria sealed/ | while read -r k _; do [ "$k" = sealed/superblock ] || { echo "$k"; s3 get lunaria "$k"; }; done; }
screenplay bucket s3=lunaria/sealed keys="$WORK/keys"
lost
crash s3=lunaria/crash keys="$WORK/keys"
damage "a flipped bit" flip
damage "an object that was cut" cut_end
damage "another object in its place" other
finish
