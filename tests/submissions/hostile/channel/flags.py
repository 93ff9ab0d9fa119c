"""Make the connection's ends non-blocking, tiny, and closed in whatever is started."""

import fcntl
import os


def attack() -> None:
    for end in pipes(os.O_WRONLY) + pipes(os.O_RDONLY):
        os.set_blocking(end, False)
        fcntl.fcntl(end, 1031, 4096)  # F_SETPIPE_SZ
        os.set_inheritable(end, True)
