#!/usr/bin/env bash
# build.ps1 in PowerShell itself, which comes as a .NET tool: its steps run, a wrong one is refused, and what it publishes is one program for each system.
. "$(dirname "$0")/../lib/common.sh"
begin build-ps1
need build.ps1 dotnet || finish
cd "$REPO" || exit 1
# The SDK never replaces what it remembers of a tool's place, not even after that place is gone: here it remembers nothing of former runs.
export NUGET_PACKAGES=${NUGET_PACKAGES:-$HOME/.nuget/packages} DOTNET_CLI_HOME=$WORK/home
script() { dotnet pwsh -NoProfile -NonInteractive -File build.ps1 "$@" >"$WORK/out" 2>&1 || { tail -n 15 "$WORK/out"; return 1; }; }
refused() { ! script "$1" >/dev/null && grep -q 'ValidateSet\|does not belong to the set' "$WORK/out"; }
said() { "$@" 2>/dev/null | grep -q "$expected"; }

check "PowerShell, as .config/dotnet-tools.json names it" dotnet tool restore || finish
check "restore" script restore
check "publish" script publish
check "a step that it has not is refused" refused deploy
expected="^lunaria [0-9]" check "the program for Linux runs" said artifacts/linux-x64/lunaria version
expected="^MZ" check "the program for Windows is one" said head -c 2 artifacts/win-x64/lunaria.exe
expected=3 check "beside each: its settings and their schema, nothing else" said sh -c 'ls artifacts/win-x64 | wc -l'
finish
