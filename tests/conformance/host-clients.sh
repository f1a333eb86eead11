#!/usr/bin/env bash
# The initiators of this host's user space: libiscsi's tools and QEMU's block driver, with and without CHAP.
#   host-clients.sh [--target lunaria|tgt]
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

kind=lunaria
[ "${1:-}" = --target ] && kind=$2
begin host-clients
need "host clients" iscsi-ls iscsi-inq qemu-img qemu-io || finish
[ "$kind" = tgt ] || build_lunaria || { fail build; finish; }
T=$WORK/t user=chapuser secret=chappassword12 back=mutpassword1234
target_create "$kind" "$T" plain:1=1GiB plain:2=256MiB chap:1=64MiB chap=chap/$user/$secret mutual:1=64MiB \
  mutual=mutual/target/$back chap=mutual/$user/$secret pool=8GiB log=256MiB
target_start "$T" || { fail start; finish; }
port=$(target_port "$T") plain=$(target_url "$T" plain 1) chap=$(target_iqn "$T" chap)

if [ -f "$SHARED/vm/host-clients.sh" ]; then
  check "shared/vm/host-clients.sh" env VMLAB="$WORK" timeout 240 bash "$SHARED/vm/host-clients.sh" "$port" "$(target_iqn "$T" plain)" 1 2 \
    --chap "$chap" $user $secret
else
  skip "shared/vm/host-clients.sh" "not in $SHARED"
fi

# io NAME COMMAND...: qemu-io on the plain LUN; its exit code says nothing of a failed command, its output does.
io() {
  local name=$1 arguments=() command; shift
  for command in "$@"; do arguments+=(-c "$command"); done
  timeout 60 qemu-io -f raw -d unmap "${arguments[@]}" "$plain" >"$WORK/io" 2>&1
  if grep -qiE 'fail|error|denied|cannot' "$WORK/io"; then fail "$name"; grep -iE 'fail|error' "$WORK/io" | head -n 5 | sed 's/^/      /'
  else pass "$name"; fi
}
# mapped OFFSET LENGTH true|false: what GET LBA STATUS says about the start of a range.
mapped() {
  timeout 60 qemu-img map --output=json -f raw -s "$1" -l "$2" "$plain" |
    python3 -c 'import json, sys; sys.exit(0 if str(json.load(sys.stdin)[0]["data"]).lower() == sys.argv[1] else 1)' "$3"
}
io "write, read back, across unaligned borders" "write -P 0x11 0 4M" "write -P 0x22 1000k 3k" "write -P 0x33 2097664 1024" \
  "read -P 0x11 0 1000k" "read -P 0x22 1000k 3k" "read -P 0x11 1003k 1045k" "read -P 0x33 2097664 1024" "read -P 0x11 2098688 2095616"
io "discarded blocks read as zeros, their neighbours stay" "write -P 0x44 16M 4M" "discard 17M 1M" \
  "read -P 0x44 16M 1M" "read -P 0 17M 1M" "read -P 0x44 18M 2M"
io "write zeroes with and without unmap" "write -P 0x55 32M 4M" "write -z 33M 1M" "write -z -u 34M 1M" "write -z 33550336 512" \
  "read -P 0x55 32M 1048064" "read -P 0 33550336 512" "read -P 0 33M 2M" "read -P 0x55 35M 1M"
io "forced unit access and flush" "write -f -P 0x66 64M 64k" "flush" "read -P 0x66 64M 64k"
io "last block" "write -P 0x77 1073741312 512" "read -P 0x77 1073741312 512"
if [ "$kind" = lunaria ]; then
  check "a discarded range is not mapped" mapped 17M 1M false
  check "a written range is mapped" mapped 18M 1M true
fi
check "iscsi-ls -s shows the LUNs" sh -c "iscsi-ls -s iscsi://$user%$secret@127.0.0.1:$port | grep -q 'Lun:2'"
check "iscsi-ls shows three targets" sh -c "[ \$(iscsi-ls iscsi://127.0.0.1:$port | grep -c ':plain\|:chap\|:mutual') = 3 ]"
check "iscsi-inq device identification" sh -c "iscsi-inq -e 1 -c 131 $plain | grep -qi naa" # it reads decimal numbers only

# --- CHAP -----------------------------------------------------------------------------------------------------------
login() { timeout 30 iscsi-inq "iscsi://${1}127.0.0.1:$port/$2/1"; }
check "CHAP: right secret" login "$user%$secret@" "$chap"
refused "CHAP: wrong secret" 'authoriz|login|auth' login "$user%wrongwrong123@" "$chap"
refused "CHAP: unknown user" 'authoriz|login|auth' login "nobody%$secret@" "$chap"
refused "CHAP: none offered" 'authoriz|login|auth' login "" "$chap"
export LIBISCSI_CHAP_TARGET_USERNAME=target LIBISCSI_CHAP_TARGET_PASSWORD=$back
check "mutual CHAP: both right" login "$user%$secret@" "$(target_iqn "$T" mutual)"
LIBISCSI_CHAP_TARGET_PASSWORD=somethingelse1
refused "mutual CHAP: the target is not who it should be" 'auth|login|chap' login "$user%$secret@" "$(target_iqn "$T" mutual)"
unset LIBISCSI_CHAP_TARGET_USERNAME LIBISCSI_CHAP_TARGET_PASSWORD
if grep -rqE "$secret|$back|wrongwrong123" "$T/output" "$T/data" --include='*.log' --include=output 2>/dev/null; then fail "a secret is in the logs"; else pass "no secret in the logs"; fi
target_stop "$T" && pass "orderly stop" || fail "orderly stop"
finish
