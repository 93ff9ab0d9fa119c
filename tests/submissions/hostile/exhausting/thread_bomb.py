"""Start threads until there can be no more: 2,000 here."""

import threading
import time


def attack() -> None:
    for _ in range(2000):
        threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
