"""Read a file outside of its folder: another's hand-in, a key, the gradebook."""

OUTSIDE = "a folder of the grader's"


def attack() -> None:
    with open(f"{OUTSIDE}/secret") as file:
        raise RuntimeError(f"REACHED {file.read()}")
