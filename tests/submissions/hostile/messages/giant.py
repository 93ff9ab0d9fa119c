"""A message of 256 MiB."""


def attack() -> None:
    raise RuntimeError("x" * (256 << 20))
