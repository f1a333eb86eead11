# A copy of this machine's root with systemd as process 1, in namespaces of its own: what happens in it changes nothing outside. Root only. Sourced.
#   jail_create DIR      the copy, as an overlay in memory under DIR/root
#   jail_boot DIR UNIT   systemd starts, for UNIT alone
#   jail DIR COMMAND...  runs a command in it
#   jail_end DIR         everything of it is gone
# shellcheck shell=bash

jail_create() {
  mkdir -p "$1/layer" "$1/root" && mount -t tmpfs tmpfs "$1/layer" && mkdir "$1/layer/upper" "$1/layer/work" \
    && mount -t overlay overlay -o "lowerdir=/,upperdir=$1/layer/upper,workdir=$1/layer/work" "$1/root"
}

jail_boot() {
  printf '[Unit]\nRequires=%s\nAllowIsolate=yes\n' "$2" >"$1/root/etc/systemd/system/jail.target"
  # The old root must go: what a unit's own namespace is made of must be this one.
  unshare --fork --pid --mount --uts --ipc --cgroup --kill-child bash -c '
    mount --make-rprivate / && cd "$1" && mount -t proc proc proc && mount -t sysfs sysfs sys && mount -t tmpfs tmpfs run && mount -t tmpfs tmpfs tmp && mount --rbind /dev dev || exit 1
    mount -t tmpfs tmpfs sys/fs/cgroup && mkdir sys/fs/cgroup/unified sys/fs/cgroup/systemd
    mount -t cgroup2 cgroup2 sys/fs/cgroup/unified && mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd || exit 1
    mkdir -p run/systemd old && pivot_root . old && cd / && umount -l /old || exit 1
    exec env -i container=jail PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=jail.target --log-target=console' \
    jail "$1/root" >"$1/boot" 2>&1 </dev/null &
  echo $! >"$1/pid"; disown $!
  local i
  for ((i = 0; i < 300; i++)); do
    jail "$1" systemctl is-active "$2" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  tail -n 5 "$1/boot"; jail "$1" systemctl status --no-pager "$2"
  return 1
}

# The first child of unshare is systemd.
jail() {
  local dir=$1; shift
  timeout 60 nsenter -t "$(pgrep -P "$(cat "$dir/pid")")" -m -p -u -i -r -w env PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

jail_end() {
  [ -f "$1/pid" ] && kill -KILL "$(cat "$1/pid")" 2>/dev/null
  umount -l "$1/root" "$1/layer" 2>/dev/null
}
