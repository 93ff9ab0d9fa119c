"""Match a regular expression that takes a thousand years."""

import re


def attack() -> None:
    re.match("(a|aa)+$", "a" * 200 + "b")
