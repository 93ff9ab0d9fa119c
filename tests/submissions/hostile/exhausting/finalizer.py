"""Do work in finalizers: an object that comes back to life each time it is thrown away."""

KEPT = []


class Undead:
    def __del__(self) -> None:
        KEPT.append(self)
        KEPT.clear()
        while len(KEPT) < 10**9:
            KEPT.append(None)


def attack() -> None:
    Undead()
