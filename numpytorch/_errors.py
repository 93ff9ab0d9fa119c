"""What the library raises when it is misused. Each says what was expected, what was got, and what to do."""


class ShapeError(ValueError):
    """Shapes that do not fit together."""


class DtypeError(TypeError):
    """A dtype, or a type of value, that an operation cannot take."""


class GraphError(RuntimeError):
    """A graph that cannot be built, or cannot be gone back through."""
