"""Raise an exception that `except Exception` does not catch."""


class Passed(BaseException):
    """Not the grader's."""


def attack() -> None:
    raise Passed("all configurations are right")
