#: timeout=420
# persistent reservations by sg_persist from two hosts: register, every type and whom it keeps out, preempt, preempt and abort, clear, move of keys; APTPL over kill -9
. /vm/lib.sh; . /vm/host.sh
iface_new hosta iqn.2026-01.test.vm:hosta; iface_new hostb iqn.2026-01.test.vm:hostb
# One after the other: a new record of the same portal takes the place of one that is not in use.
for host in hosta hostb; do node_new $IQN $PORTAL $host; login $IQN $PORTAL $host >/dev/null || fail "login $host"; done
wait_dev $IQN $LUN 2 >/tmp/devs || fail "two devices"; set -- $(cat /tmp/devs); DA=$1 DB=$2; A=$(sg_of $1); B=$(sg_of $2); ua $A; ua $B
pr() { sg_persist -n "$@" >/tmp/pr 2>&1; }                    # device last
reg() { pr -o -G --param-sark=$2 ${3:-} $1; }                     # sg key [options]
keys() { sg_persist -n -i -k $1 2>&1 | grep -c '^ *0x'; }
holder() { sg_persist -n -i -r $1 2>&1; }
can() { # read|write device sg: 0, or 24 for a conflict
  if [ $1 = read ]; then rd1 $3 $2; else wr1 $3 $2; fi; }
expect() { # what device sg 0|24 text
  ua $3 >/dev/null; can $1 $2 $3; local rc=$?; [ $rc = $4 ] || bad "$5: $1 gives $rc and not $4"; }
reg $A 0xa1 || fail "register a: $(cat /tmp/pr)"; reg $B 0xb1 || fail "register b"; ua $A; ua $B
[ "$(keys $A)" = 2 ] || bad "two keys wanted: $(sg_persist -n -i -k $A | tr '\n' ' ')"
pr -o -R --param-rk=0xdead --prout-type=1 $A && bad "a reservation with a wrong key was taken"
# type: may b, registered, read and write; may b, not registered, read and write (0 yes, 24 no). SPC-4 table 33
while read -r type rr rw ur uw name; do
  pr -o -R --param-rk=0xa1 --prout-type=$type $A || bad "reserve $name: $(tail -1 /tmp/pr)"
  grep -qi "type" <<<"$(holder $B)" || bad "$name is not reported"
  expect read $DB $B $rr "$name, b registered"; expect write $DB $B $rw "$name, b registered"
  pr -o -G --param-rk=0xb1 --param-sark=0 $B || bad "unregister b: $(tail -1 /tmp/pr)"
  expect read $DB $B $ur "$name, b unknown"; expect write $DB $B $uw "$name, b unknown"
  expect write $DA $A 0 "$name, the holder"
  reg $B 0xb1 || bad "register b again: $(tail -1 /tmp/pr)"
  pr -o -L --param-rk=0xa1 --prout-type=$type $A || bad "release $name: $(tail -1 /tmp/pr)"
  ua $B; note "$name: ok"
done <<T
1 0 24 0 24 write exclusive
3 24 24 24 24 exclusive access
5 0 0 0 24 write exclusive, registrants only
6 0 0 24 24 exclusive access, registrants only
7 0 0 0 24 write exclusive, all registrants
8 0 0 24 24 exclusive access, all registrants
T
ua $A; ua $B
pr -o -R --param-rk=0xa1 --prout-type=3 $A || bad "reserve"
pr -o -P --param-rk=0xb1 --param-sark=0xa1 --prout-type=3 $B || bad "preempt: $(tail -1 /tmp/pr)"
expect write $DA $A 24 "preempted holder"; expect write $DB $B 0 "new holder"
[ "$(keys $B)" = 1 ] || bad "the preempted key is still there"
reg $A 0xa2 || bad "register after preempt: $(tail -1 /tmp/pr)"; ua $A
pr -o -A --param-rk=0xa2 --param-sark=0xb1 --prout-type=1 $A || bad "preempt and abort: $(tail -1 /tmp/pr)"
expect write $DB $B 24 "preempted and aborted"
reg $B 0xb2 || bad "register b"; ua $A; ua $B
pr -o -C --param-rk=0xb2 $B || bad "clear: $(tail -1 /tmp/pr)"; ua $A
[ "$(keys $A)" = 0 ] || bad "keys after clear"
grep -qi 'Power Loss Capable(PTPL_C): 1' <<<"$(sg_persist -n -i -c $A)" || bad "PTPL_C is not reported"
# what is to survive survives kill -9, what is not does not
reg $A 0xa3 "--param-aptpl" || bad "register with APTPL: $(tail -1 /tmp/pr)"; reg $B 0xb3 "--param-aptpl" || bad "register b with APTPL"; ua $A; ua $B
pr -o -R --param-rk=0xa3 --prout-type=5 $A || bad "reserve before the kill"
gen=$(sg_persist -n -i -k $A | grep -oi 'generation=[^,]*')
host kill9 >/dev/null; host start >/dev/null || fail "the target does not start again"
for i in $(seq 60); do ua $A && ua $B && break; sleep 1; done
[ "$(keys $A)" = 2 ] || bad "keys after kill -9: $(sg_persist -n -i -k $A | tr '\n' ' ')"
grep -q 0xa3 <<<"$(holder $A)" || bad "the reservation did not survive kill -9: $(holder $A | tr '\n' ' ')"
expect write $DA $A 0 "holder after kill -9"
note "before the kill: $gen"
pr -o -C --param-rk=0xa3 $A || bad "clear: $(tail -1 /tmp/pr)"
finish
