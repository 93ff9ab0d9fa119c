"""An exception whose __str__ raises one that is like it, and whose class has no name that is text."""


class Name(str):
    def __getitem__(self, key: object) -> object:
        raise SystemExit(0)

    def __str__(self) -> str:
        raise SystemExit(0)


class Meta(type):
    __name__ = property(lambda cls: Name("passed"))


class Liar(Exception, metaclass=Meta):
    @property
    def __class__(self) -> type:
        return MemoryError

    def __str__(self) -> str:
        raise Liar

    __repr__ = __str__


def attack() -> None:
    raise Liar
