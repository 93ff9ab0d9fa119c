"""Connect to a server, and tell it what is known."""

import socket

PORT = 0


def attack() -> None:
    with socket.create_connection(("127.0.0.1", PORT), timeout=1) as connection:
        connection.send(b"I was here.")
