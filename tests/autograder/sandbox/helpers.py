"""Hand-ins, sessions and forged frames for the tests of this folder."""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from autograder.sandbox import Limits, Session

if TYPE_CHECKING:
    from autograder.sandbox.launch import Launch
    from autograder.sandbox.tiers import Tier

READY = b'{"number":0,"body":{"is":"ready","rlimits":[]},"arrays":[]}'

# Answers each request with the next of its arguments, whatever was asked: hexadecimal, sent as it is.
_LIAR = """
import os, struct, sys
def read(count):
    content = b""
    while len(content) < count:
        content += os.read(0, count - len(content)) or os._exit(0)
    return content
for answer in sys.argv[1].split(","):
    os.write(1, bytes.fromhex(answer))
    read(struct.unpack(">I", read(4))[0])
while os.read(0, 1 << 16):
    pass
"""


class OpenSession(Protocol):
    """Opens a session on the source of a hand-in; it is closed at the end of the test."""

    def __call__(
        self, source: str, *, limits: Limits | None = None, tier: Tier | None = None, load: bool = True
    ) -> Session: ...


@dataclass(frozen=True)
class Instead:
    """A tier that runs another command in place of the worker."""

    command: tuple[str, ...]
    name: str = "instead"

    def prepare(self, launch: Launch, limits: Limits) -> Launch:
        return replace(launch, wrapper=self.command)


def frame(header: bytes, arrays: bytes = b"") -> bytes:
    return struct.pack(">I", len(header)) + header + arrays


def liar(*answers: bytes) -> Instead:
    """Return a tier whose worker is up at once, and answers each request with one of `answers`."""
    script = ",".join(answer.hex() for answer in (frame(READY), *answers))
    return Instead((sys.executable, "-I", "-S", "-c", _LIAR, script))
