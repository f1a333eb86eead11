#: timeout=300
# every pair of digests with three sets of parameters: what is agreed on is what was asked for, and data goes both ways; then mutual CHAP with every algorithm
. /vm/lib.sh
node_new $IQN $PORTAL
set_one() { node_set $IQN $PORTAL "$1" "$2"; }
logins=0
# InitialR2T ImmediateData FirstBurstLength MaxBurstLength MaxRecvDataSegmentLength
for parameters in "Yes No 512 512 512" "No Yes 65536 262144 65536" "No Yes 262144 16776192 1048576"; do
  set -- $parameters
  set_one node.session.iscsi.InitialR2T $1; set_one node.session.iscsi.ImmediateData $2
  set_one node.session.iscsi.FirstBurstLength $3; set_one node.session.iscsi.MaxBurstLength $4; set_one 'node.conn[0].iscsi.MaxRecvDataSegmentLength' $5
  for digests in "None None" "CRC32C None" "None CRC32C" "CRC32C CRC32C"; do
    set_one 'node.conn[0].iscsi.HeaderDigest' ${digests% *}; set_one 'node.conn[0].iscsi.DataDigest' ${digests#* }
    login >/tmp/o 2>&1 || { cat /tmp/o; bad "login with $parameters, digests $digests"; continue; }
    DEV=$(wait_dev $IQN $LUN) || fail "no device with $parameters, $digests"
    s=$(sessions_of $IQN); got=$(nego $s)
    logins=$((logins + 1))
    case $digests in CRC32C*) [ "$(cattr $s header_digest)" = 1 ] || bad "no header digest: $got" ;; esac
    case $digests in *CRC32C) [ "$(cattr $s data_digest)" = 1 ] || bad "no data digest: $got" ;; esac
    [ "$(sattr $s immediate_data)" = "$([ $2 = Yes ] && echo 1 || echo 0)" ] || bad "ImmediateData $2: $got"
    dd if=/dev/urandom of=/tmp/p bs=64k count=4 status=none
    dd if=/tmp/p of=$DEV bs=64k oflag=direct status=none && dd if=$DEV of=/tmp/q bs=64k count=4 iflag=direct status=none && cmp /tmp/p /tmp/q || bad "data with $parameters, $digests"
    logout >/dev/null || bad "logout"
  done
done
t=$IQN_MUTUAL; node_new $t
for key in "authmethod CHAP" "username $CHAP_USER" "password $CHAP_PASS" "username_in $MUT_USER" "password_in $MUT_PASS"; do node_set $t $PORTAL node.session.auth.${key% *} "${key#* }"; done
known=0
for algorithm in MD5 SHA1 SHA256 SHA3-256; do
  node_set $t $PORTAL node.session.auth.chap_algs $algorithm
  if login $t >/tmp/o 2>&1; then known=$((known + 1)); logout $t >/dev/null; else [ $algorithm = MD5 ] && bad "mutual CHAP with MD5"; note "$algorithm: $(tail -n 1 /tmp/o | cut -c1-100)"; fi
done
node_set $t $PORTAL node.session.auth.chap_algs MD5; node_set $t $PORTAL node.session.auth.password_in "${MUT_PASS}x"
timeout 30 iscsiadm -m node -T $t -p $PORTAL -l >/dev/null 2>&1 && bad "a target that does not know its secret was let in"
finish "$logins logins, mutual CHAP with $known algorithms"
