"""Compute a number of a hundred billion digits."""


def attack() -> None:
    len(str(10 ** (10**11)))
