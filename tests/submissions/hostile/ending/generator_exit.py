"""Raise GeneratorExit, and leave a generator and a coroutine that raise once more when they are thrown away."""

from collections.abc import Iterator


def never_ends() -> Iterator[int]:
    while True:
        try:
            yield 1
        except GeneratorExit:
            raise RuntimeError("not yet") from None


async def never_awaited() -> None:
    raise SystemExit(0)


def attack() -> None:
    generator, _coroutine = never_ends(), never_awaited()
    next(generator)
    raise GeneratorExit
