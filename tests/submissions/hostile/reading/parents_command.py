"""Read in /proc how the grader was started, and what its environment was."""

PARENT = 1


def attack() -> None:
    with open(f"/proc/{PARENT}/cmdline", "rb") as line, open(f"/proc/{PARENT}/environ", "rb") as environment:
        if line.read() and environment.read():
            raise RuntimeError("REACHED the grader's own side")
