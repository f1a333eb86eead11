#!/usr/bin/env python3
"""Peers that misbehave, against one portal on loopback.

bad-peers.py half-open PORT COUNT SECONDS   COUNT connections that never finish a login, held for SECONDS; prints `open N` when they stand
bad-peers.py fuzz PORT IQN COUNT SEED       COUNT connections with broken bytes before, during and after login
Every connection has a timeout; exit code 0 when the portal still takes connections at the end.
"""
import random
import select
import socket
import struct
import sys
import time

NORMAL_LOGIN = {"InitiatorName": "iqn.2026-11.test:fuzz", "SessionType": "Normal", "AuthMethod": "None"}


def connect(port, timeout=5.0):
    return socket.create_connection(("127.0.0.1", port), timeout=timeout)


def pdu(opcode, flags=0x80, data=b"", ahs_words=0, data_length=None, rest=b"", cmd_sn=1, tag=1, lun=0):
    """A basic header segment (RFC 7143 11.2.1) with a data segment; lengths may lie."""
    length = len(data) if data_length is None else data_length
    header = struct.pack(">BBHI", opcode, flags, 0, (ahs_words << 24) | (length & 0xFFFFFF))
    header += struct.pack(">QIIII", lun, tag, 0, cmd_sn, 0)
    header = (header + rest)[:48].ljust(48, b"\0")
    return header + data + b"\0" * (-len(data) % 4)


def login_pdu(pairs, flags=0x87, data=None):
    text = b"".join(f"{k}={v}".encode() + b"\0" for k, v in pairs.items()) if data is None else data
    header = bytearray(pdu(0x43, flags, text))
    header[8:14] = bytes([0x80, 0, 0, 1, 0, random.randrange(256)])
    return bytes(header)


def log_in(sock, iqn):
    sock.sendall(login_pdu({**NORMAL_LOGIN, "TargetName": iqn}))
    answer = sock.recv(4096)
    return len(answer) >= 48 and answer[36] == 0


def mutate(rng, message):
    message = bytearray(message)
    for _ in range(rng.randint(1, 6)):
        kind = rng.randrange(5)
        if kind == 0 or not message:
            message[rng.randrange(len(message) or 1):] = rng.randbytes(rng.randint(0, 64))
        elif kind == 1:
            message[rng.randrange(min(48, len(message)))] = rng.randrange(256)
        elif kind == 2:
            message[rng.randrange(len(message))] ^= 1 << rng.randrange(8)
        elif kind == 3:
            message[4:8] = rng.choice([b"\xff\xff\xff\xff", b"\x00\xff\xff\xff", b"\xff\x00\x00\x00", b"\x00\x00\x00\x01"])
        else:
            del message[rng.randrange(len(message)):]
    return bytes(message)


def command(rng, tag):
    """A SCSI command with a random CDB, or another request of the full feature phase."""
    opcode = rng.choice([0x01, 0x01, 0x01, 0x01, 0x00, 0x02, 0x04, 0x05, 0x06, 0x10, 0x41, rng.randrange(64)])
    cdb = bytes([rng.choice([0x00, 0x12, 0x28, 0x2A, 0x88, 0x8A, 0x42, 0x41, 0x93, 0x9E, 0xA0, 0xA3, 0x1A, 0x5A, rng.randrange(256)])])
    cdb += rng.choice([rng.randbytes(15), bytes(15), b"\0" + b"\xff" * 13 + b"\0"])
    expected = rng.choice([0, 512, 4096, 65536, 0xFFFFFFFF])
    header = bytearray(pdu(opcode, rng.choice([0x80, 0xC0, 0xA0, 0xC1, rng.randrange(256)]),
                           rng.randbytes(rng.choice([0, 0, 16, 512])), tag=tag, cmd_sn=rng.choice([1, 2, tag, rng.randrange(1 << 32)]),
                           lun=rng.choice([0, 1 << 48, rng.randrange(1 << 64)])))
    header[20:24] = struct.pack(">I", expected)
    header[32:48] = cdb
    return bytes(header)


def fuzz_one(rng, port, iqn):
    with connect(port) as sock:
        stage = rng.randrange(4)
        if stage == 0:  # bytes that are no PDU
            sock.sendall(rng.randbytes(rng.randint(1, 20000)))
        elif stage == 1:  # a login with broken bytes, text or lengths
            pairs = {**NORMAL_LOGIN, "TargetName": iqn}
            pairs[rng.choice(["HeaderDigest", "MaxRecvDataSegmentLength", "X-" + "y" * rng.randint(1, 300), "FirstBurstLength", "ErrorRecoveryLevel"])] = \
                rng.choice(["", "0", "-1", "99999999999999999999", "None,None", "\x01\x02", "x" * rng.randint(1, 9000), "0x", "0b!!"])
            message = login_pdu(pairs, rng.choice([0x87, 0x81, 0x47, 0x00, 0x40, 0x86, 0x83, rng.randrange(256)]))
            for _ in range(rng.randint(1, 40)):
                sock.sendall(mutate(rng, message) if rng.random() < 0.7 else message)
        elif stage == 2:  # a login that never ends
            for _ in range(rng.randint(1, 200)):
                sock.sendall(login_pdu({}, 0x40, rng.randbytes(8000)))
        elif log_in(sock, iqn):  # broken requests in the full feature phase
            for tag in range(1, rng.randint(2, 30)):
                message = command(rng, tag)
                sock.sendall(mutate(rng, message) if rng.random() < 0.5 else message)
                if rng.random() < 0.2 and select.select([sock], [], [], 0.01)[0]:
                    sock.recv(65536)
        if rng.random() < 0.5 and select.select([sock], [], [], 0.05)[0]:
            sock.recv(65536)
        if rng.random() < 0.3:  # a reset instead of an orderly end
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def fuzz(port, iqn, count, seed):
    rng = random.Random(seed)
    random.seed(seed)
    for _ in range(count):
        try:
            fuzz_one(rng, port, iqn)
        except ConnectionRefusedError:
            return 1
        except OSError:
            pass  # the target closed the connection, as it may
    connect(port).close()
    return 0


def half_open(port, count, seconds):
    sockets = []
    for number in range(count):
        try:
            sock = connect(port)
            if number % 2:
                sock.sendall(login_pdu(NORMAL_LOGIN)[:24])
            sockets.append(sock)
        except OSError:
            break
    print(f"open {len(sockets)}", flush=True)
    time.sleep(seconds)
    for sock in sockets:
        sock.close()
    connect(port).close()
    return 0


if sys.argv[1] == "fuzz":
    sys.exit(fuzz(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])))
sys.exit(half_open(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
