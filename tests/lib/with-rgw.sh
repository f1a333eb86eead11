#!/usr/bin/env bash
# with-rgw.sh COMMAND...: runs it beside a throw-away Ceph gateway, whose address and keys it finds in S3_ENDPOINT and its neighbours. Where there can be
# none, the command runs all the same, and what needs one says that it was skipped.
. "$(dirname "$0")/common.sh"
. "$LIB/rgw.sh"
begin rgw
rgw_start >&2 || echo "no S3 store: tests that need one are skipped" >&2
"$@"
