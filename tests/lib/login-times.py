#!/usr/bin/env python3
"""Logs in to a target again and again, from before it is up until it lets one in, and prints how long the answers took.

    login-times.py PORT IQN SECONDS

Prints: REFUSED connections, HELD logins answered "try again" (0301), the longest answer of a login in ms, and the status of the last login (hexadecimal).
"""
import socket
import struct
import sys
import time

port, target, limit = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
keys = f"InitiatorName=iqn.2026-11.test:login-times\0SessionType=Normal\0TargetName={target}\0".encode()
header = bytearray(48)
header[0] = 0x43  # Login Request, immediate
header[1] = 0x87  # transit from operational negotiation to full feature phase
header[5:8] = len(keys).to_bytes(3, "big")
header[8:14] = bytes([0x80, 0, 0, 0x4C, 0x54, 1])
header[24:28] = struct.pack(">I", 1)
request = bytes(header) + keys + bytes(-len(keys) % 4)

refused = held = longest = 0
status = 0xFFFF
began = time.monotonic()
while status != 0 and time.monotonic() - began < limit:
    try:
        connection = socket.create_connection(("127.0.0.1", port), timeout=limit)
    except OSError:
        refused += 1
        time.sleep(0.01)
        continue
    with connection:
        sent = time.monotonic()
        connection.sendall(request)
        answer = b""
        while len(answer) < 48 and (part := connection.recv(48 - len(answer))):
            answer += part
        if len(answer) < 48:
            continue
        longest = max(longest, round((time.monotonic() - sent) * 1000))
        status = struct.unpack(">H", answer[36:38])[0]
        held += status == 0x0301
        if status not in (0, 0x0301):
            break
    time.sleep(0.01)
print(refused, held, longest, f"{status:04x}")
