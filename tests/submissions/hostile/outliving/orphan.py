"""Start a daemon, take back that the worker adopts it, and kill the worker before anybody looks."""

import ctypes
import os
import signal
import sys

MARK = "the word by which the test finds it"
SET_CHILD_SUBREAPER = 36


def attack() -> None:
    ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv(sys.executable, [sys.executable, "-ISc", "import time; time.sleep(30)", MARK])
        os._exit(0)
    os.wait()
    os.kill(os.getpid(), signal.SIGKILL)
