"""Put a pytest and a unittest into sys.modules for which every test passes."""

import sys
import types


def attack() -> None:
    for name in ("pytest", "unittest", "unittest.mock", "doctest", "check50", "otter"):
        fake = types.ModuleType(name)
        fake.main = lambda *_, **__: 0
        fake.TestCase = object
        fake.approx = lambda expected, **_: expected
        sys.modules[name] = fake
