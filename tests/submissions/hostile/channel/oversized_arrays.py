"""Announce arrays of an exabyte, and of none with an impossible shape."""

import os


def attack() -> None:
    for end in pipes(os.O_WRONLY):
        for shape in (
            b"[1152921504606846976]",
            b"[0,4611686018427387904]",
            b"[67108863,1,1]",
            b"[-1]",
            b"[1.5]",
            b"[]",
        ):
            os.write(end, frame(b'{"number":%d,"body":{"is":"values"},"arrays":[["float64",%s]]}' % (number(), shape)))
