"""Let a shell start something in the background."""

import os
import shlex
import sys

MARK = "the word by which the test finds it"


def attack() -> None:
    os.system(f"nohup {shlex.quote(sys.executable)} -ISc 'import time; time.sleep(30)' {MARK} >/dev/null 2>&1 &")
