"""Connect without Python's socket module, by the C library and by the number of the system call."""

import ctypes
import struct

PORT = 0


def attack() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    address = struct.pack("=H", 2) + struct.pack(">H", PORT) + bytes([127, 0, 0, 1]) + bytes(8)
    for end in (libc.socket(2, 1, 0), libc.syscall(41, 2, 1, 0)):
        if end >= 0 and libc.connect(end, address, len(address)) == 0:
            libc.send(end, b"I was here.", 11, 0)
