# An S3 store for the scripts under tests/: Ceph's RADOS Gateway on loopback, in $WORK/rgw. Requires common.sh.
#
#   rgw_start [memstore|bluestore]   exports S3_ENDPOINT, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY, CEPH_CONF; 1 where it cannot be had; RGW_SIZE: its capacity (a store that is full answers
#                                    nothing any more, so it is more than any script writes in the time it has, on a machine however fast; memory is taken as it is used)
#   rgw_stop                         also called by clean_up through the trap that rgw_start sets
#   s3 VERB BUCKET [KEY]             a request to it: s3.py explains the verbs
#   s3_keys FILE [ACCESS SECRET]     writes a credentials file
#   proxy_start                      a proxy that misbehaves on demand before the store; sets PROXY (its URL)
#   proxy_faults JSON                its rules; [] = none.   proxy_hits   how often each rule hit
# shellcheck shell=bash

rgw_start() {
  [ -x "$SHARED/s3/rgw-up.sh" ] || { echo "$SHARED/s3/rgw-up.sh is not there" >&2; return 1; }
  local settings port try
  for try in 1 2 3; do
    port=$(free_port)
    trap 'rgw_stop; clean_up' EXIT
    settings=$(RGW_STORE=${1:-memstore} RGW_SIZE=${RGW_SIZE:-20G} "$SHARED/s3/rgw-up.sh" "$WORK/rgw" "$port") && break
    rgw_stop
    [ "$try" = 3 ] && return 1
  done
  set -a; eval "$settings"; set +a
}

rgw_stop() {
  [ -d "$WORK/rgw" ] || return 0
  "$SHARED/s3/rgw-down.sh" "$WORK/rgw" --wipe
}

s3() { python3 "$LIB/s3.py" "$@"; }

s3_keys() {
  printf '[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n' "${2:-$S3_ACCESS_KEY}" "${3:-$S3_SECRET_KEY}" >"$1"
  chmod 600 "$1"
}

proxy_start() {
  local port try; port=$(free_port)
  python3 "$SHARED/s3/s3-faultproxy.py" "$port" "${S3_ENDPOINT##*:}" >"$WORK/proxy.out" 2>&1 </dev/null &
  PROXY=http://127.0.0.1:$port
  for try in $(seq 100); do
    grep -q '^s3-faultproxy' "$WORK/proxy.out" && return 0
    sleep 0.05
  done
  echo "the proxy does not start ($try tries)" >&2; return 1
}

proxy_faults() { curl --noproxy '*' -sS -m 10 -X PUT "$PROXY/__faults" -d "$1" >/dev/null; }
proxy_hits() { curl --noproxy '*' -sS -m 10 "$PROXY/__faults"; }
