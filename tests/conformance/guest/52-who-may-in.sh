#: timeout=420
# LUNs of an initiator: hidden while it is logged in, and shown again; a redirect to another portal is followed; whoever is let in from elsewhere only is not
. /vm/lib.sh; . /vm/host.sh
me=$(sed -n 's/^InitiatorName=//p' /etc/iscsi/initiatorname.iscsi)
attach $IQN $LUN; ua $SG
DEV_B=$(wait_dev $IQN $LUN_B) || fail "no device for LUN $LUN_B"
ua $(sg_of $DEV_B); dmesg -C
host allow "$me" >/dev/null || fail "allow"
host luns "$me" $LUN >/dev/null || fail "luns"
{ sg_turs -v $SG; sg_requests $SG; } >/tmp/o 2>&1
sg_luns $SG >/tmp/o 2>&1; grep -q "$(printf '%04x' $LUN_B)0000" /tmp/o && { cat /tmp/o; bad "REPORT LUNS shows LUN $LUN_B"; }
dd if=$DEV_B of=/dev/null bs=4k count=1 iflag=direct status=none 2>/dev/null && bad "LUN $LUN_B can be read"
rw_check $DEV 1 || bad "the LUN that stays"
host luns "$me" --all >/dev/null || fail "luns --all"
ua $SG; ua $(sg_of $DEV_B)
rw_check $DEV_B 1 || bad "the LUN that came back"
logout >/dev/null
# One attempt: iscsid goes on by itself else, and has no ear for others meanwhile.
node_set $IQN $PORTAL node.session.initial_login_retry_max 1; node_set $IQN $PORTAL 'node.conn[0].timeo.login_timeout' 5
host redirect 10.0.2.2:1 >/dev/null || fail redirect
timeout 20 iscsiadm -m node -T $IQN -p $PORTAL -l >/tmp/o 2>&1 && bad "a login went on at the portal that sends hosts away"
host redirect --none >/dev/null || fail "redirect --none"
host addresses "$me" 192.0.2.0/24 >/dev/null || fail addresses
timeout 20 iscsiadm -m node -T $IQN -p $PORTAL -l >/tmp/o 2>&1 && bad "let in from an address that is not allowed"
host addresses "$me" >/dev/null || fail "addresses, none"
login >/dev/null || bad "not let in again"
finish
