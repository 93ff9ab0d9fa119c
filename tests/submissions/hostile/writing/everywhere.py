"""Write into every folder that is likely to be there, so that something of it outlives the worker."""

import os
import sys
import sysconfig

import numpytorch

ROOT, CANARY = "where the grader lies", "a name"


def attack() -> None:
    library = os.path.dirname(numpytorch.__file__)
    for folder in (
        "/tmp",
        "/var/tmp",
        "/dev/shm",
        "/run",
        "/",
        ROOT,
        library,
        sysconfig.get_path("purelib"),
        sys.prefix,
    ):
        try:
            with open(f"{folder}/{CANARY}.pth", "w") as file:
                file.write("# I was here.")
        except OSError:
            continue
