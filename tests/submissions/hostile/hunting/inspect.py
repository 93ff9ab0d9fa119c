"""Read the source of whoever calls, with inspect, and look in it for what is compared."""

import inspect
import re


def attack() -> None:
    for info in inspect.stack():
        if info.filename == __file__:
            continue
        try:
            source = inspect.getsource(info.frame)
        except (OSError, TypeError):
            continue
        if re.search("first_mismatch|f1_score|expected_logits", source):
            raise RuntimeError("REACHED the grader's own side")
