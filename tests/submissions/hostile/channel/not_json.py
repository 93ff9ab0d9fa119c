"""Headers that are no JSON: deeply nested, not UTF-8, with NaN, with one key twice."""

import os


def attack() -> None:
    for header in (b"[" * 500000, b"\xff\xfe{}", b'{"number":NaN}', b'{"number":1,"number":2}', b"pickle\x80\x04."):
        for end in pipes(os.O_WRONLY):
            os.write(end, frame(header))
