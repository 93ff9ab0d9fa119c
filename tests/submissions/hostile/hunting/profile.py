"""Watch every call and every return, and raise in the ones that send answers."""

import sys
import threading


def attack() -> None:
    def watch(frame: object, event: str, argument: object) -> None:
        if frame.f_code.co_name in ("_write", "reply", "explain"):
            raise SystemExit(0)

    threading.setprofile(watch)
    sys.setprofile(watch)
