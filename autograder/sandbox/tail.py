"""Tail: the last bytes of a stream, however much of it there is."""

from __future__ import annotations


class Tail:
    """Keeps the last `keep` bytes of what is added."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._bytes = bytearray()

    def add(self, content: bytes) -> None:
        """Add `content` at the end."""
        self._bytes += content
        # Cut in large steps: moving what is kept at each small addition would be slow.
        if len(self._bytes) > 2 * self._keep:
            del self._bytes[: -self._keep]

    def content(self) -> bytes:
        """Return the last bytes added, at most `keep` of them."""
        return bytes(self._bytes[-self._keep :])
