"""Print without end."""


def attack() -> None:
    while True:
        print("flood " * 1000)
