"""Fill the disk: 640 MiB here, in files that are each small enough."""

ROOM = "told if all of it could be written"


def attack() -> None:
    for number in range(80):
        with open(f"fill-{number}", "wb") as file:
            file.write(bytes(8 << 20))
    raise RuntimeError(f"REACHED {ROOM}")
