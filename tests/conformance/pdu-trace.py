#!/usr/bin/env python3
"""pdu-trace.py LISTEN_PORT TARGET_PORT [--from MARK]: a relay on loopback that prints every iSCSI PDU of full feature phase, one a line.

Lines: direction (> to the target, < from it), operation, task tag, and what matters of it: LUN and CDB, status and sense, the first bytes of data.
Sessions without digests only, as libiscsi's tools make them. Ends when the last connection ends."""
import socket
import struct
import sys
import threading

NAMES = {0x00: "NOP-Out", 0x01: "SCSI Command", 0x02: "Task Management", 0x03: "Login", 0x04: "Text", 0x05: "Data-Out", 0x06: "Logout", 0x20: "NOP-In",
         0x21: "SCSI Response", 0x22: "Task Management Response", 0x23: "Login Response", 0x24: "Text Response", 0x25: "Data-In", 0x26: "Logout Response",
         0x31: "R2T", 0x32: "Async Message", 0x3F: "Reject"}
CDB_BYTES = {0: 6, 1: 10, 2: 10, 4: 16, 5: 12}
lock = threading.Lock()


def receive(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            return None
        data += piece
    return data


def told(header, data):
    operation = header[0] & 0x3F
    if operation == 0x01:
        cdb = header[32:32 + CDB_BYTES.get(header[32] >> 5, 16)]
        return f"lun {struct.unpack('>H', header[8:10])[0] & 0x3FFF} cdb {cdb.hex(' ')} length {struct.unpack('>I', header[20:24])[0]}"
    if operation == 0x02:
        return f"function {header[1] & 0x7F}"
    if operation == 0x21:
        sense = data[2:] if data else b""
        return f"status {header[3]:02x}" + (f" sense {sense.hex(' ')}" if sense else "")
    if operation == 0x22:
        return f"response {header[2]}"
    if operation == 0x25 and header[1] & 1:
        return f"status {header[3]:02x}"
    return ""


def relay(source, sink, mark):
    quiet = {0x03, 0x23, 0x04, 0x24}
    try:
        while (header := receive(source, 48)) is not None:
            ahs, length = header[4] * 4, int.from_bytes(header[5:8], "big")
            rest = receive(source, ahs + (length + 3 & ~3)) if ahs + length else b""
            if rest is None:
                break
            operation, data = header[0] & 0x3F, rest[ahs:ahs + length]
            if operation not in quiet:
                shown = data[:32].hex(" ") + (" ..." if len(data) > 32 else "") if operation in (0x01, 0x05, 0x25) else ""
                line = f"{mark} {NAMES.get(operation, hex(operation)):<24} {header[16:20].hex()}  {told(header, data)}{f'  {len(data)} bytes: {shown}' if shown else ''}"
                with lock:
                    print(line.rstrip(), flush=True)
            sink.sendall(header + rest)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def main():
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    listener.settimeout(20)
    threads = []
    while True:
        try:
            host, _ = listener.accept()
        except TimeoutError:
            break
        target = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
        for pair in ((host, target, ">"), (target, host, "<")):
            threads.append(threading.Thread(target=relay, args=pair, daemon=True))
            threads[-1].start()
        listener.settimeout(2)
    for thread in threads:
        thread.join()


main()
