#!/usr/bin/env bash
# Makes the Debian package of a published program: build.sh PUBLISHED-DIRECTORY OUTPUT.deb [VERSION]
# PUBLISHED-DIRECTORY: what `dotnet publish Appliance --runtime linux-x64 --self-contained -p:PublishSingleFile=true
# -p:IncludeNativeLibrariesForSelfExtract=false` has put there: the program, and SQLite beside it, so that nothing is unpacked at run time.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
published=$1 output=$2
version=${3:-$("$published/lunaria" version | grep -oE '[0-9]+(\.[0-9]+)+' | head -n 1)}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 0755 "$root"

install -D -m 0755 "$published/lunaria" "$root/usr/lib/lunaria/lunaria"
install -m 0644 "$published/libe_sqlite3.so" "$root/usr/lib/lunaria/"
# The command line looks for its settings beside the program.
ln -s /etc/lunaria/appliance.json "$root/usr/lib/lunaria/appliance.json"
install -d "$root/usr/bin"
ln -s ../lib/lunaria/lunaria "$root/usr/bin/lunaria"
install -D -m 0644 "$here/../appliance.json" "$root/etc/lunaria/appliance.json"
install -D -m 0644 "$here/../lunaria.service" "$root/lib/systemd/system/lunaria.service"
for document in README.md docs/OPERATIONS.md docs/HOSTS.md docs/API.md docs/ISCSI.md; do
  install -D -m 0644 "$repository/$document" "$root/usr/share/doc/lunaria/$(basename "$document")"
done

install -d "$root/DEBIAN"
size=$(du -sk --exclude=DEBIAN "$root" | cut -f1)
sed -e "s/@VERSION@/$version/" -e "s/@SIZE@/$size/" "$here/control" >"$root/DEBIAN/control"
install -m 0644 "$here/conffiles" "$root/DEBIAN/conffiles"
for script in postinst prerm postrm; do install -m 0755 "$here/$script" "$root/DEBIAN/$script"; done
# Fast and fair: the program is compressed by nothing else.
dpkg-deb --build --root-owner-group -Zgzip -z1 "$root" "$output"
