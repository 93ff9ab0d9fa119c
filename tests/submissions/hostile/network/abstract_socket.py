"""Connect to a service of the machine, by a socket that is in no folder."""

import socket

MARK = "its name"


def attack() -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        connection.connect(f"\0{MARK}")
        connection.send(b"I was here.")
