"""Read the next request in the worker's place, and answer all further ones with zeros."""

import os
import struct


def attack() -> None:
    (requests,), (replies,) = pipes(os.O_RDONLY)[:1], pipes(os.O_WRONLY)[:1]
    while True:
        (length,) = struct.unpack(">I", os.read(requests, 4))
        header = os.read(requests, length)
        asked = header.split(b'"number":')[1].split(b",")[0]
        os.write(replies, frame(b'{"number":%s,"body":{"is":"values"},"arrays":[]}' % asked))
