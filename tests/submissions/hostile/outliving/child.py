"""Start a process, in a session of its own, and leave it."""

import subprocess
import sys

MARK = "the word by which the test finds it"


def attack() -> None:
    subprocess.Popen([sys.executable, "-ISc", "import time; time.sleep(30)", MARK], start_new_session=True)
