"""An exception with a traceback of a million frames that claim to be lines of another file, and of none."""

import types


def attack() -> None:
    def deeper(level: int) -> None:
        if level:
            deeper(level - 1)
        raise ValueError("deep")

    try:
        deeper(200)
    except ValueError as error:
        trace = error.__traceback__
        for number in range(100_000):
            trace = types.TracebackType(trace, error.__traceback__.tb_frame, 0, -number or 2**31 - 1)
        raise error.with_traceback(trace) from None
