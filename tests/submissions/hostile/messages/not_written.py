"""Say what the stub says, what the library says, and what the grader says of its own faults."""


def attack() -> None:
    raise NotImplementedError(
        "MatMul.f_d: expected a gradient of shape (1,), that of its parent " * 100 + "LaunchError"
    )
