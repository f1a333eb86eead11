# Debian's tgt as a target, write-back on files in DIR, with the parameters it comes with or those of $TGT_PARAMETERS: sourced by target.sh.
# shellcheck shell=bash

tgt_admin() {
  local dir=$1; shift
  TGT_IPC_SOCKET=$dir/socket tgtadm --control-port "$(tgt_control "$dir")" --lld iscsi "$@"
}
tgt_control() { echo $(($(target_port "$1") % 30000)); }

tgt_create() {
  local dir=$1 spec; shift
  for spec in "$@"; do
    case $spec in *:*=*) truncate -s "$(numfmt --from=iec-i --suffix=B "${spec#*=}" | tr -d B)" "$dir/$(tr : . <<<"${spec%%=*}")" ;; esac
  done
}

tgt_start() {
  local dir=$1 pid try
  TGT_IPC_SOCKET=$dir/socket tgtd -f --control-port "$(tgt_control "$dir")" \
    --iscsi "portal=127.0.0.1:$(target_port "$dir")" >>"$dir/output" 2>&1 </dev/null &
  pid=$!; disown "$pid"
  echo "$pid" >"$dir/pid"
  for try in $(seq 200); do
    tgt_admin "$dir" --op show --mode sys >/dev/null 2>&1 && break
    [ "$try" = 200 ] && { echo "tgtd does not answer" >&2; return 1; }
    sleep 0.05
  done
  tgt_configure "$dir"
}

tgt_configure() {
  local dir=$1 spec name lun tid=0 pair
  declare -A tids=()
  while read -r spec; do
    case $spec in
      *:*=*)
        name=${spec%%:*} lun=${spec#*:} lun=${lun%%=*}
        if [ -z "${tids[$name]:-}" ]; then
          tid=$((tid + 1)); tids[$name]=$tid
          tgt_admin "$dir" --op new --mode target --tid "$tid" -T "$(target_iqn "$dir" "$name")" || return 1
          for pair in ${TGT_PARAMETERS:-}; do
            tgt_admin "$dir" --op update --mode target --tid "$tid" --name "${pair%%=*}" --value "${pair#*=}" || return 1
          done
          tgt_admin "$dir" --op bind --mode target --tid "$tid" -I ALL || return 1
        fi
        tgt_admin "$dir" --op new --mode logicalunit --tid "${tids[$name]}" --lun "$lun" -b "$dir/$name.$lun" || return 1
        tgt_admin "$dir" --op update --mode logicalunit --tid "${tids[$name]}" --lun "$lun" --params thin_provisioning=1 || return 1 ;;
      chap=* | mutual=*)
        IFS=/ read -r name user secret <<<"${spec#*=}"
        tgt_admin "$dir" --op new --mode account --user "$user" --password "$secret" 2>/dev/null  # one account may serve several targets
        if [[ $spec = mutual=* ]]; then pair=--outgoing; else pair=''; fi
        # shellcheck disable=SC2086
        tgt_admin "$dir" --op bind --mode account --tid "${tids[$name]}" --user "$user" $pair || return 1 ;;
    esac
  done <"$dir/spec"
}

# tgtd ignores SIGTERM while it has targets; what it has written is in the kernel.
tgt_stop() { target_kill "$1"; }
