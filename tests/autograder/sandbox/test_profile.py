"""A session tells which lines of a hand-in take the time, and is back in time itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from autograder.checks.slow import slow_line, tell
from autograder.sandbox import LineShare, Profile, StudentError, WorkerCrashed, WorkerTimeout
from autograder.sandbox.source import Source

if TYPE_CHECKING:
    from .helpers import OpenSession

SOURCE = """\
import os
import numpy as np
import numpytorch as npt
from numpytorch import Tensor, nn
from numpytorch.autograd import GradFn, attach

class Loop(nn.Module):
    def __init__(self):
        self.w = nn.Parameter(npt.ones(3))
    def forward(self, x):
        out = npt.zeros(100, 3)
        for i in range(10**9):
            n = i % 100
            out[n] = x[0] * self.w + (x[1] * self.w).sum()  # the slow line
        return out

class Listed(Loop):
    def forward(self, x):
        return sum([heavy(x, n) for n in range(200)])

def heavy(x, n):
    a = np.arange(50_000) * n % 49_999
    b = sum(np.sort(a)[0] for _ in range(9))  # the slow line
    return x * float(b)

class SlowRule(GradFn):
    def f_d(self, x, y):
        total = 0
        for i in range(300_000):
            total += i  # the slow line
        return (y.grad * 2,)

class Backward(Loop):
    def forward(self, x):
        return attach(x.arr * 2 * self.w.arr, SlowRule(self.w))

class Holds(Loop):
    def forward(self, x):
        total = sum(range(3_000_000))  # the slow line
        for i in range(60_000):
            total += len(x)
        return x * self.w * float(total)

class LetsGo(Loop):
    def forward(self, x):
        a = np.ones(1000)
        for i in range(50_000):
            np.add(a, 1.0, out=a)
            b = sum(map(abs, range(100)))  # the slow line
        return x * self.w * float(b)

class Quick(Loop):
    def forward(self, x):
        return (x * self.w).sum()

class Raises(Loop):
    def forward(self, x):
        raise ValueError("wrong")

class Sums(Loop):
    def forward(self, x):
        sum(range(10**11))

class Ends(Loop):
    def forward(self, x):
        os._exit(1)
"""
X = np.ones((4, 3))


def line_after(text: str) -> int:
    """Return the number of the first slow line after the line that begins with a text."""
    lines = SOURCE.split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith(text))
    return next(i for i, line in enumerate(lines, 1) if i > start and "# the slow line" in line)


def text_of(line: int) -> str:
    """Return a line as it is quoted, with single spaces."""
    return " ".join(SOURCE.split("\n")[line - 1].split())


@pytest.mark.parametrize(
    ("cls", "where", "function"),
    [
        ("Loop", "class Loop", "Loop.forward"),
        ("Listed", "def heavy", "heavy.<locals>.<genexpr>"),
        ("Backward", "class SlowRule", "SlowRule.f_d"),
        ("Holds", "class Holds", "Holds.forward"),
        ("LetsGo", "class LetsGo", "LetsGo.forward"),
    ],
)
def test_the_slowest_line_is_told_first(open_session: OpenSession, cls: str, where: str, function: str) -> None:
    session = open_session(SOURCE)
    built = session.build(cls, (), seed=0)
    profile = session.profile(built.id, [X], seconds=1.0)
    slowest = profile.lines[0]
    assert (slowest.line, slowest.function) == (line_after(where), function)
    assert slowest.text == text_of(slowest.line)
    assert slowest.share > 0.4
    assert sum(line.share for line in profile.lines) <= 1 + 1e-9
    assert session.alive()


def test_a_call_that_would_take_minutes_is_stopped(open_session: OpenSession) -> None:
    session = open_session(SOURCE)
    built = session.build("Loop", (), seed=0)
    assert session.profile(built.id, [X], seconds=0.3).calls == 0
    assert session.read(built.id, ["w"])["w"].tolist() == [1.0, 1.0, 1.0]


def test_a_quick_call_is_made_a_few_times_and_leaves_nothing_behind(open_session: OpenSession) -> None:
    session = open_session(SOURCE)
    built = session.build("Quick", (), seed=0)
    output = session.call(built.id, [X])
    assert session.profile(built.id, [X]).calls == 20
    gradients = session.backward(output.id, np.array(1.0))
    assert gradients.tensors["w"] is not None
    assert gradients.tensors["w"].tolist() == [4.0, 4.0, 4.0]


def test_an_exception_is_the_hand_ins(open_session: OpenSession) -> None:
    session = open_session(SOURCE)
    built = session.build("Raises", (), seed=0)
    with pytest.raises(StudentError, match="wrong"):
        session.profile(built.id, [X])
    assert slow_line(session, built.id, [X]) is None


@pytest.mark.parametrize(("cls", "error"), [("Sums", WorkerTimeout), ("Ends", WorkerCrashed)])
def test_a_call_that_cannot_be_stopped_ends_the_worker(
    open_session: OpenSession, monkeypatch: pytest.MonkeyPatch, cls: str, error: type[Exception]
) -> None:
    monkeypatch.setattr("autograder.sandbox.session._GRACE_SECONDS", 0.1)
    session = open_session(SOURCE)
    built = session.build(cls, (), seed=0)
    with pytest.raises(error):
        session.profile(built.id, [X], seconds=0.1)
    session.restart()
    session.load()
    assert slow_line(session, session.build(cls, (), seed=0).id, [X], seconds=0.1) is None


def test_what_is_told_of_lines_that_are_not_there_is_dropped() -> None:
    source = Source("a = 1\nb = 2\n", "assignment.py")
    shares = source.shares(
        [(0, "", 0.5), (9, "f", 0.1), (2, "f\x1b[31m\n", 0.1), (1, "g", 0.2), (1, "h", math.nan), (1, "h", 1.5)]
    )
    assert shares == (LineShare(1, "g", "a = 1", 0.2), LineShare(2, "f", "b = 2", 0.1))


def test_a_student_reads_the_line_its_share_and_its_function(open_session: OpenSession) -> None:
    session = open_session(SOURCE)
    said = slow_line(session, session.build("Loop", (), seed=0).id, [X], seconds=0.5)
    assert said is not None
    line = line_after("class Loop")
    assert f"% of the time is spent at assignment.py line {line}, in Loop.forward: `{text_of(line)}`." in said


def test_the_function_is_told_where_its_lines_share_the_time() -> None:
    lines = (
        LineShare(7, "f.<locals>.<listcomp>", "x * y", 0.3),
        LineShare(8, "f", "z", 0.28),
        LineShare(3, "g", "w", 0.2),
    )
    assert tell(Profile(1, 1.0, lines), "a.py") == (
        "30% of the time is spent at a.py line 7, in f: `x * y`. All of f takes 58%."
    )
    assert tell(Profile(1, 1.0, lines[2:]), "a.py") == "20% of the time is spent at a.py line 3, in g: `w`."
    assert tell(Profile(1, 1.0, (LineShare(3, "g", "w", 0.1),)), "a.py") is None
    assert tell(Profile(0, 1.0, ()), "a.py") is None
