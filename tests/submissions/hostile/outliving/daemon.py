"""Start a daemon: a grandchild in a session of its own, whose parent has ended."""

import os
import sys

MARK = "the word by which the test finds it"


def attack() -> None:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv(sys.executable, [sys.executable, "-ISc", "import time; time.sleep(30)", MARK])
        os._exit(0)
    os.wait()
