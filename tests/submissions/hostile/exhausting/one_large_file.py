"""Write one file that is larger than one may be: 1 GiB."""

ROOM = "told if all of it could be written"


def attack() -> None:
    with open("large", "wb") as file:
        for _ in range(128):
            file.write(bytes(8 << 20))
    raise RuntimeError(f"REACHED {ROOM}")
