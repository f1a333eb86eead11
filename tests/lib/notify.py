#!/usr/bin/env python3
"""Starts a program as systemd does a service of Type=notify: notify.py SECONDS LOG PIDFILE COMMAND...
Waits for READY=1 on NOTIFY_SOCKET and ends with 0; with 1 where the program ends or the time is over before. The program stays."""
import os, socket, subprocess, sys, tempfile, time

seconds, log, pidfile, command = float(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
folder = tempfile.mkdtemp(prefix="lunaria-notify-")
os.chmod(folder, 0o755)
path = os.path.join(folder, "notify")
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
    listener.bind(path)
    os.chmod(path, 0o777)
    listener.settimeout(0.5)
    with open(log, "ab") as output:
        program = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/var/lib/lunaria",
                                   env={"PATH": "/usr/bin:/bin", "NOTIFY_SOCKET": path}, start_new_session=True)
    with open(pidfile, "w") as file:
        file.write(str(program.pid))
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and program.poll() is None:
        try:
            message = listener.recv(4096).decode()
        except socket.timeout:
            continue
        print(message.strip())
        if "READY=1" in message.split("\n"):
            sys.exit(0)
print("it ended with", program.poll())
sys.exit(1)
