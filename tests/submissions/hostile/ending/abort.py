"""Abort, for a core dump with the memory of the worker in it."""

import os
import resource


def attack() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, resource.getrlimit(resource.RLIMIT_CORE)[1:] * 2)
    os.abort()
