"""Ask for a signal in a while, whose handler raises wherever the worker is by then."""

import signal


def attack() -> None:
    def ring(*_: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
