"""Send a packet that nobody needs to accept."""

import socket

PORT = 0


def attack() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"I was here.", ("127.0.0.1", PORT))
