"""Turn back all clocks, so that no time passes."""

import time


def attack() -> None:
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time"):
        setattr(time, name, lambda: 0.0)
        setattr(time, name + "_ns", lambda: 0)
    time.sleep = lambda _: None
    try:
        time.clock_settime(time.CLOCK_MONOTONIC, 0)
    except OSError:
        pass
    while True:
        pass
