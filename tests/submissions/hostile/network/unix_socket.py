"""Connect to a service of the machine, by a socket that is a file."""

import socket

OUTSIDE = "a folder of the grader's"


def attack() -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        connection.connect(f"{OUTSIDE}/service")
        connection.send(b"I was here.")
