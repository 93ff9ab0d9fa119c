"""Announce 60,000 arrays of nothing."""

import os


def attack() -> None:
    header = b'{"number":%d,"body":{"is":"values"},"arrays":[%s]}' % (number(), b",".join([b'["bool",[0]]'] * 60000))
    for end in pipes(os.O_WRONLY):
        os.set_blocking(end, True)
        content = frame(header)
        while content:
            content = content[os.write(end, content) :]
