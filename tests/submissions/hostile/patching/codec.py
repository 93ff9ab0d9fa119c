"""Replace what encodes and decodes messages."""

import json
import struct

import msgspec


def attack() -> None:
    struct.pack = lambda *_: b""
    json.dumps = lambda *_, **__: '{"score": 100}'
    msgspec.json.encode = lambda *_, **__: b'{"score": 100}'
    msgspec.json.Encoder = msgspec.json.Decoder = None
