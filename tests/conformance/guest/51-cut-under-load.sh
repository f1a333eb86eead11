#: timeout=420
# the session is cut four times under verified I/O, by an administrator and by a target that does not answer: it comes back, and nothing above hears of it
. /vm/lib.sh; . /vm/host.sh
node_new $IQN $PORTAL
node_set $IQN $PORTAL node.session.timeo.replacement_timeout 120
node_set $IQN $PORTAL 'node.conn[0].timeo.noop_out_interval' 2; node_set $IQN $PORTAL 'node.conn[0].timeo.noop_out_timeout' 2
login >/dev/null || fail login; DEV=$(wait_dev $IQN $LUN) || fail "no device"
fio --name=v --filename=$DEV --rw=randrw --bsrange=4k-64k --blockalign=4k --direct=1 --ioengine=libaio --iodepth=8 --size=16M --loops=1000 --runtime=36 --time_based \
  --verify=crc32c --verify_fatal=1 --output=/tmp/fio.out & job=$!
sleep 5
for cut in 1 2; do
  host kick >/dev/null || bad "kick"
  sleep 5
  host pause >/dev/null; sleep 6; host cont >/dev/null
  sleep 3
done
wait $job || { tail -n 5 /tmp/fio.out; bad "verified I/O"; }
cuts=$(dmesg | grep -c "detected conn error")
[ "$cuts" -ge 4 ] || bad "$cuts cuts were noticed"
dmesg | grep -E "I/O error|Buffer I/O|rejecting I/O|offlin" | head -3 | grep . && bad "errors above the session"
finish "$cuts cuts"
