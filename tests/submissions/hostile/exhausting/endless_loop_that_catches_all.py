"""A loop that does not end, whatever is raised in it."""


def attack() -> None:
    while True:
        try:
            while True:
                pass
        except BaseException:  # noqa: BLE001, PERF203
            continue
