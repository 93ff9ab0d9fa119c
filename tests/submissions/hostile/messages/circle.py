"""Exceptions that are each other's cause, in groups of groups."""


def attack() -> None:
    first, second = ValueError("first"), KeyError("second")
    first.__cause__, second.__cause__ = second, first
    group = ExceptionGroup("group", [first])
    for _ in range(500):
        group = ExceptionGroup("group", [group, second])
    raise group from first
