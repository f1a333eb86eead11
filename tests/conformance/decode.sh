#!/usr/bin/env bash
# What goes over the wire, read by somebody else: tshark decodes captures of the loopback without a malformed PDU or a wrong digest. Scenarios: discovery, CHAP good and
# bad, small and long reads and writes, discard, header digests (libiscsi, QEMU); and both digests with several connections (the tests' own initiator).
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

begin decode
need decode tshark dumpcap editcap iscsi-ls iscsi-inq qemu-io gcc || finish
build_lunaria || { fail build; finish; }
LOAD=$(build_load) || { skip decode "the load generator cannot be built (gcc, libiscsi-dev, shared/load)"; finish; }

# capture FILE FILTER COMMAND...: what COMMAND says over the loopback.
capture() {
  local file=$1 filter=$2 code=0 i; shift 2
  dumpcap -q -i lo -B 64 -f "$filter" -w "$file" >"$WORK/dumpcap" 2>&1 &
  local job=$!
  for ((i = 0; i < 50; i++)); do [ -s "$file" ] && break; sleep 0.1; done
  "$@" >"$WORK/scenario" 2>&1 || code=$?
  sleep 0.5
  kill -INT $job; wait $job 2>/dev/null
  [ $code = 0 ] || tail -n 5 "$WORK/scenario"
  return $code
}
# decode FILE OPTION...: everything tshark makes of it, as text.
decode() { local file=$1; shift; timeout 120 tshark -n -r "$file" -o tcp.desegment_tcp_streams:TRUE -o iscsi.desegment_iscsi_messages:TRUE "$@" 2>/dev/null; }
# judge NAME: of $WORK/decoded. INQUIRY data that a short allocation length of the host has cut off is what tshark's SCSI part cannot read; the PDU around it is whole.
judge() {
  local bad
  bad=$(awk '/DataSegmentLength:/ { length_ = $2; inquiry = 0 } /Inquiry Response Data/ { inquiry = 1 } /\[Malformed Packet: SCSI\]/ && inquiry && length_ <= 64 { next } /\[Malformed Packet: |Bad CRC32/ { bad++ } END { print bad + 0 }' "$WORK/decoded")
  if [ "$bad" = 0 ]; then pass "$1: no malformed PDU, no wrong digest"; else fail "$1" "$bad malformed PDUs or wrong digests"; grep -E -m 3 -B 30 'Malformed Packet|Bad CRC32' "$WORK/decoded" | tail -n 40; fi
}
# at_least NAME NUMBER PATTERN
at_least() {
  local n; n=$(grep -cE "$3" "$WORK/decoded")
  if [ "$n" -ge "$2" ]; then pass "$1: $n"; else fail "$1" "$n, at least $2 are expected"; fi
}

T=$WORK/t
target_create lunaria "$T" plain:1=1GiB chap:1=1GiB chap=chap/chapuser/chappassword12 pool=4GiB log=256MiB
target_start "$T" || { fail start; finish; }
port=$(target_port "$T") url=$(target_url "$T" plain 1) chap=$(target_url "$T" chap 1)
io() { timeout 60 qemu-io -f raw "$@" "$url" && ! grep -qiE 'fail|error' "$WORK/scenario"; }
scenarios() {
  iscsi-ls "iscsi://127.0.0.1:$port" && iscsi-inq "$url" && iscsi-inq -e 1 -c 0x83 "$url" || return 1
  iscsi-inq "${chap/127/chapuser%chappassword12@127}" || return 1
  io -c 'write -P 0x11 0 512' -c 'write -P 0x12 64k 4M' -c 'read -P 0x12 64k 4M' -c 'read 0 512' -c 'discard 64k 1M' -c flush || return 1
  timeout 60 "$LOAD" --runtime 1 --size 64m --url "$url" --digest --rw randrw --bs 16k --qd 4 || return 1
  ! iscsi-inq "${chap/127/chapuser%chappassword13@127}"
}
check "the scenarios" capture "$WORK/tools.pcapng" "tcp port $port" scenarios || finish
decode "$WORK/tools.pcapng" -d "tcp.port==$port,iscsi" -V >"$WORK/decoded"
judge "libiscsi and QEMU"
at_least "right digests" 100 'HeaderDigest.*Good CRC32'
for pdu in 'Login Command:10' 'Login Response:10' 'Text Command:1' 'Text Response:1' 'SCSI Command:100' 'SCSI Response:50' 'SCSI Data In:50' 'SCSI Data Out:4' 'Ready To Transfer:1' 'Logout Command:3' 'Logout Response:3'; do
  at_least "${pdu%:*}" "${pdu#*:}" "Opcode: ${pdu%:*}"
done
editcap -E 0.001 --seed 1 "$WORK/tools.pcapng" "$WORK/spoiled.pcapng" >/dev/null 2>&1
decode "$WORK/spoiled.pcapng" -d "tcp.port==$port,iscsi" -V >"$WORK/decoded"
at_least "a spoiled capture is noticed" 1 'Malformed Packet|Bad CRC32'
target_stop "$T" || fail "orderly stop"

own=$(free_port)
bench() { LUNARIA_BENCH_PORT=$own LUNARIA_BENCH_SECONDS=0.05 timeout 120 dotnet test "$REPO/tests/Iscsi.Tests" --no-build --filter "FullyQualifiedName~SessionBench"; }
check "several connections and both digests" capture "$WORK/own.pcapng" "tcp port $own" bench
decode "$WORK/own.pcapng" -d "tcp.port==$own,iscsi" -c 60000 -V >"$WORK/decoded"
judge "both digests"
at_least "right header digests" 1000 'HeaderDigest.*Good CRC32'
at_least "right data digests" 100 'DataDigest.*Good CRC32'
finish
