# Everything the project needs, as a list of dotnet commands. ./build.ps1 runs all of it, ./build.ps1 test one step.
param([ValidateSet('all', 'restore', 'format', 'build', 'test', 'publish')] [string] $Step = 'all')

$ErrorActionPreference = 'Stop'
Set-Location $PSScriptRoot

function Invoke-Dotnet {
    Write-Host "dotnet $args"
    & dotnet @args
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
}

if ($Step -in 'all', 'restore') { Invoke-Dotnet restore Lunaria.slnx --locked-mode }
if ($Step -in 'all', 'format') { Invoke-Dotnet format Lunaria.slnx --no-restore --verify-no-changes --severity warn }
if ($Step -in 'all', 'build') { Invoke-Dotnet build Lunaria.slnx --no-restore }
if ($Step -in 'all', 'test') { Invoke-Dotnet test Lunaria.slnx --no-build }
if ($Step -in 'all', 'publish') {
    # packaging/debian/build.sh makes the Debian package of another publish, see there.
    foreach ($runtime in 'linux-x64', 'win-x64') {
        Invoke-Dotnet publish Appliance/Appliance.csproj --runtime $runtime --self-contained --property:PublishSingleFile=true --output artifacts/$runtime
    }
}
