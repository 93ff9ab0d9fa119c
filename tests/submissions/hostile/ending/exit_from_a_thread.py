"""Leave by os._exit(0) from a thread, a little later."""

import os
import threading


def attack() -> None:
    threading.Timer(0.05, os._exit, (0,)).start()
