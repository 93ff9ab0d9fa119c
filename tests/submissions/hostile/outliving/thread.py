"""Leave threads that never end, and are no daemons, and take the interpreter's lock all the time."""

import threading


def spin() -> None:
    while True:
        pass


def attack() -> None:
    for _ in range(3):
        threading.Thread(target=spin).start()
