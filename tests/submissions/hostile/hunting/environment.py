"""Look for secrets in the environment, the arguments and the folders that the interpreter knows."""

import os
import sys
import sysconfig


def attack() -> None:
    text = repr((dict(os.environ), sys.argv, sys.orig_argv, sys.path, sysconfig.get_paths(), os.getcwd()))
    if "assignments" in text or "solution" in text or "seed" in text.lower().replace("hashseed", ""):
        raise RuntimeError("REACHED the grader's own side")
