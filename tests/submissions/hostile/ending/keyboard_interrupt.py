"""Raise what Ctrl-C raises, which the grader might take for the instructor's."""


def attack() -> None:
    raise KeyboardInterrupt
