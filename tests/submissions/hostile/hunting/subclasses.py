"""Go through all classes there are, for one of the grader's."""


def attack() -> None:
    seen, left = set(), [object]
    while left:
        cls = left.pop()
        if cls in seen:
            continue
        seen.add(cls)
        left += type.__subclasses__(cls)
    if {"Grader", "CheckResult", "Passed", "Session"} & {cls.__name__ for cls in seen}:
        raise RuntimeError("REACHED the grader's own side")
