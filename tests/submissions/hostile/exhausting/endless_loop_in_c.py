"""One call into compiled code that takes for ever, holds the interpreter's lock, and cannot be interrupted."""


def attack() -> None:
    sum(range(10**15))
