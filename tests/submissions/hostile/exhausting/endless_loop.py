"""A loop that does not end."""


def attack() -> None:
    while True:
        pass
