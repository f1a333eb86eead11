#!/usr/bin/env bash
# How an appliance gets to its bucket: TLS with a CA of one's own, and each place where access keys may stand; and what it says, and
# leaves alone, where the clock is wrong, the store ignores conditions, or it holds a format of the future.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"
. "$LIB/rgw.sh"

# ca NAME, certificate CA NAME SUBJECT-ALTERNATIVE-NAME [DAYS]
ca() { openssl req -x509 -newkey rsa:2048 -nodes -keyout "$WORK/$1.key" -out "$WORK/$1.pem" -days 2 -subj "/CN=$1" 2>/dev/null; }
certificate() {
  openssl req -newkey rsa:2048 -nodes -keyout "$WORK/$2.key" -out "$WORK/$2.csr" -subj "/CN=$2" 2>/dev/null
  openssl x509 -req -in "$WORK/$2.csr" -CA "$WORK/$1.pem" -CAkey "$WORK/$1.key" -CAcreateserial -out "$WORK/$2.pem" -days 2 \
    -extfile <(echo "subjectAltName=$3") 2>/dev/null
}

# tls NAME: the store behind TLS with that certificate; sets TLS (its URL). It ends with this script (clean_up ends its jobs).
tls() {
  local port i; port=$(free_port)
  python3 "$LIB/tls-proxy.py" "$port" "${S3_ENDPOINT##*:}" "$WORK/$1.pem" "$WORK/$1.key" >"$WORK/$1.out" 2>&1 &
  TLS=https://127.0.0.1:$port
  for ((i = 0; i < 100; i++)); do grep -q listens "$WORK/$1.out" && return 0; sleep 0.05; done
  return 1
}

# serves NAME SPEC...: the appliance starts, a host writes and reads, and the bucket has an object.
serves() {
  local name=$1 T=$WORK/serves prefix; shift
  prefix=ok$RANDOM; rm -rf "$T"
  target_create lunaria "$T" a:0=64MiB log=256MiB s3=lunaria/$prefix "$@"
  target_start "$T" || { fail "$name"; return; }
  timeout 60 qemu-io -f raw -c 'write -P 0x5a 0 1M' -c 'read -P 0x5a 0 1M' "$(target_url "$T" a 0)" >"$WORK/io" 2>&1 && ! grep -q 'verification failed' "$WORK/io" \
    && [ "$(s3 count lunaria $prefix/)" -ge 1 ] && pass "$name" || fail "$name" "$(tail -n 2 "$WORK/io")"
  target_stop "$T" || fail "$name: orderly stop"
}

# wrong NAME PATTERN SPEC...: the start is refused with a clear message, and the bucket has nothing of it.
wrong() {
  local name=$1 pattern=$2 T=$WORK/wrong; shift 2
  rm -rf "$T"
  target_create lunaria "$T" a:0=64MiB log=256MiB s3=lunaria/wrong "$@"
  refused "$name" "$pattern" lunaria_try "$T" 40
  [ "$(s3 count lunaria wrong/)" = 0 ] || fail "$name: leaves no object"
}

with_tls() {
  ca own; ca other
  certificate own good "IP:127.0.0.1"; certificate own elsewhere "DNS:s3.example.com"; certificate other foreign "IP:127.0.0.1"
  tls good || { fail "TLS proxy"; return; }
  serves "TLS with a CA of one's own" endpoint="$TLS" ca="$WORK/own.pem" keys="$WORK/keys"
  wrong "a CA that nobody named" "its certificate is not accepted" endpoint="$TLS" keys="$WORK/keys"
  wrong "another CA than the one that was named" "its certificate is not accepted" endpoint="$TLS" ca="$WORK/other.pem" keys="$WORK/keys"
  wrong "no CA file" "The CA file .* cannot be used" endpoint="$TLS" ca="$WORK/none.pem" keys="$WORK/keys"
  wrong "a CA file that is none" "The CA file .* cannot be used" endpoint="$TLS" ca="$WORK/keys" keys="$WORK/keys"
  tls elsewhere || { fail "TLS proxy"; return; }
  wrong "a certificate of another host" "its certificate is not accepted" endpoint="$TLS" ca="$WORK/own.pem" keys="$WORK/keys"
  tls foreign || { fail "TLS proxy"; return; }
  wrong "a certificate that another CA made" "its certificate is not accepted" endpoint="$TLS" ca="$WORK/own.pem" keys="$WORK/keys"
}

credentials() {
  export HOME=$WORK/home AWS_EC2_METADATA_DISABLED=true
  mkdir -p "$HOME/.aws"
  wrong "no access keys anywhere" "no credentials were found"
  AWS_ACCESS_KEY_ID=$S3_ACCESS_KEY AWS_SECRET_ACCESS_KEY=$S3_SECRET_KEY serves "access keys in the environment"
  AWS_ACCESS_KEY_ID=$S3_ACCESS_KEY AWS_SECRET_ACCESS_KEY=wrong wrong "a wrong key in the environment" "secret key is not the access key's"
  s3_keys "$HOME/.aws/credentials"
  serves "access keys in ~/.aws"
  sed 's/default/site/' "$HOME/.aws/credentials" >"$WORK/profiles"; chmod 600 "$WORK/profiles"; rm "$HOME/.aws/credentials"
  AWS_SHARED_CREDENTIALS_FILE=$WORK/profiles AWS_PROFILE=site serves "access keys in a profile that the environment names"
  AWS_ACCESS_KEY_ID=nobody AWS_SECRET_ACCESS_KEY=wrong serves "a credentials file goes before the environment" keys="$WORK/keys"
}

clock() {
  proxy_start || { fail proxy; return; }
  proxy_faults '[{"fault":"status","status":403,"code":"RequestTimeTooSkewed"}]'
  wrong "a clock that is wrong" "clock differs too much" endpoint="$PROXY" keys="$WORK/keys"
}

# liar HEADER PATTERN: the store as one that ignores that header, which is found out and said at start; it serves the one appliance, and no second one.
liar() {
  local header=$1 T=$WORK/lied port i prefix=lied$RANDOM; port=$(free_port)
  python3 "$LIB/s3-liar.py" "$port" "$header" >"$WORK/liar.out" 2>&1 & local job=$!
  for ((i = 0; i < 100; i++)); do grep -q listens "$WORK/liar.out" && break; sleep 0.05; done
  rm -rf "$T"
  target_create lunaria "$T" a:0=64MiB log=256MiB s3=lunaria/$prefix keys="$WORK/keys" endpoint="http://127.0.0.1:$port"
  if target_start "$T"; then
    grep -q "does not exclude a second writer (it $2).*one appliance only" "$T/output" && pass "a store that ignores $header: said at start" || fail "a store that ignores $header: said at start" "$(grep WRN "$T/output" | tail -n 1)"
    check "a store that ignores $header: one appliance works on it" timeout 60 qemu-io -f raw -c 'write -P 0x5a 0 1M' -c flush "$(target_url "$T" a 0)"
    rm -rf "$WORK/second"; cp -r "$T" "$WORK/second"; rm -rf "$WORK/second/data" "$WORK/second/pid"
    refused "a store that ignores $header: no second one" "holds the data of pool|has the catalog of pool|in use by another appliance" lunaria_try "$WORK/second" 40
    target_stop "$T" || fail "a store that ignores $header: orderly stop"
  else fail "a store that ignores $header: start"; fi
  kill "$job" && wait "$job" 2>/dev/null
}

# The number of a version, and the checksum over it, as a later program would write them.
newer() {
  python3 -c 'import sys
data = bytearray(sys.stdin.buffer.read()); at, width, crc_at, end = (int(a) for a in sys.argv[1:])
table = []
for n in range(256):
    for _ in range(8): n = (n >> 1) ^ (0x82F63B78 if n & 1 else 0)
    table.append(n)
data[at:at + width] = (9).to_bytes(width, "little"); data[crc_at:crc_at + 4] = bytes(4)
crc = 0xFFFFFFFF
for byte in data[:end or len(data)] if crc_at < (end or len(data)) - 4 else data[:crc_at]: crc = table[(crc ^ byte) & 255] ^ (crc >> 8)
data[crc_at:crc_at + 4] = (crc ^ 0xFFFFFFFF).to_bytes(4, "little")
sys.stdout.buffer.write(data)' "$@"
}

future() {
  local T=$WORK/future before after
  target_create lunaria "$T" a:0=64MiB log=256MiB s3=lunaria/future keys="$WORK/keys"
  target_start "$T" || { fail "start"; return; }
  target_stop "$T"
  s3 get lunaria future/superblock >"$WORK/superblock"
  newer 8 4 124 128 <"$WORK/superblock" | s3 put lunaria future/superblock
  before=$(s3 get lunaria future/superblock | sha256sum)
  refused "a superblock of a later version" "written by a newer program .superblock version 9" lunaria_try "$T" 30
  after=$(s3 get lunaria future/superblock | sha256sum)
  [ "$before" = "$after" ] && pass "it is left as it is" || fail "it is left as it is"
  head -c 60 "$WORK/superblock" | s3 put lunaria future/superblock
  refused "a superblock that was cut" "superblock.*damaged" lunaria_try "$T" 30
  s3 put lunaria future/superblock <"$WORK/superblock"
  target_start "$T" && pass "put back, it starts" || { fail "put back, it starts"; return; }
  target_stop "$T"
}

begin s3-settings
take_seed
need s3-settings openssl qemu-io python3 || finish
build_lunaria || { fail build; finish; }
rgw_start || { skip "the settings of S3" "Ceph's gateway cannot be started (shared/s3/rgw-up.sh)"; finish; }
s3_keys "$WORK/keys"
check "bucket" s3 make lunaria || finish
with_tls
credentials
clock
liar If-None-Match "ignores If-None-Match"
liar If-Match "ignores If-Match"
future
finish
