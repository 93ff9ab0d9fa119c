"""Wait for itself."""

import threading


def attack() -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
