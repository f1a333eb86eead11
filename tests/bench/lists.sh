#!/usr/bin/env bash
# How long the API's lists take with 1,000 volumes, each a LUN, and 200 snapshots of one of them.
. "$(dirname "$0")/../lib/common.sh"
. "$LIB/target.sh"

begin lists
need lists python3 || finish
build_lunaria || { fail build; finish; }
T=$WORK/lists
mkdir -p "$T" && free_port >"$T/port"
echo '{ "schemaVersion": 1, "web": { "listen": "127.0.0.1:0" }, "pool": { "components": [{ "path": "pool.0", "size": "16GiB" }] }, "log": { "size": "256MiB" } }' >"$T/appliance.json"
lunaria_start "$T" || { fail start; finish; }

python3 - "$T/data/web" >"$WORK/times" <<'PY' || fail "the client"
import http.client, json, pathlib, ssl, statistics, sys, time
from urllib.parse import urlsplit
web = pathlib.Path(sys.argv[1])
url = urlsplit((web / "url").read_text().strip())
context = ssl.create_default_context(cafile=str(web / "certificate.pem"))
connection = http.client.HTTPSConnection(url.hostname, url.port, context=context)
token = (web / "token").read_text().strip()

def ask(method, path, body=None):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request(method, f"/{path}" if path == "metrics" else f"/api/v1/{path}", json.dumps(body) if body is not None else None, headers)
    response = connection.getresponse()
    text = response.read()
    if response.status >= 300:
        sys.exit(f"{method} {path}: {response.status} {text}")
    return text

started = time.monotonic()
for n in range(1000):
    if n % 200 == 0:
        iqn = f"iqn.2026-11.test.lists:{n}"
        ask("POST", "targets", {"iqn": iqn, "initiators": ["*"]})
    ask("POST", "volumes", {"name": f"v{n}", "sizeBytes": 1 << 30})
    ask("POST", f"targets/{iqn}/luns", {"volume": f"v{n}"})
for n in range(200):
    ask("POST", "volumes/v0/snapshots", {"name": f"s{n}"})
print(f"made {1000 * (time.monotonic() - started):.0f}")
for path in ("status", "volumes", "volumes/v0/snapshots", "luns", "targets", "initiators", "sessions", "events", "audit?limit=1000", "settings", "metrics"):
    times = []
    for _ in range(20):
        started = time.monotonic()
        ask("GET", path)
        times.append(1000 * (time.monotonic() - started))
    print(f"{path} {statistics.median(times):.0f} {max(times[1:]):.0f}")
PY
while read -r path median slowest; do
  if [ "$path" = made ]; then echo "1,000 volumes, LUNs and 200 snapshots were made in $median ms"
  elif [ "$slowest" -lt 300 ]; then pass "$path: $median ms, at most $slowest ms"
  else fail "$path" "$median ms, at most $slowest ms; 300 ms are allowed"; fi
done <"$WORK/times"
check "orderly stop" lunaria_stop "$T"
check "a start with all of it" lunaria_start "$T"
finish
