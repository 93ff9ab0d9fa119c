"""Each way in which a hand-in can fail has its own type, and leaves nothing running.

Long, for each way is a section of a few lines, and they share the hand-in that does one thing when it is called.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import psutil
import pytest

from autograder.sandbox import (
    DeadSessionError,
    Frame,
    LaunchError,
    Limits,
    LimitsTier,
    ProcessTier,
    Scalar,
    Session,
    StudentError,
    Usage,
    WorkerCrashed,
    WorkerMemory,
    WorkerTimeout,
    link,
    strongest_tier,
)
from autograder.sandbox.limits import MIB
from autograder.sandbox.pipes import PollingPipes
from autograder.sandbox.pipes_threaded import ThreadedPipes
from autograder.sandbox.process import seconds_in_line

from .helpers import READY, Instead, OpenSession, frame, liar

if TYPE_CHECKING:
    from collections.abc import Callable

posix = pytest.mark.skipif(os.name != "posix", reason="needs signals and fork")
limited = pytest.mark.skipif(strongest_tier().name == "process", reason="needs resource limits that hold")


@pytest.fixture(params=[pytest.param(PollingPipes, marks=posix), ThreadedPipes], ids=["polling", "threaded"])
def either_pipes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the test with both kinds of pipes."""
    monkeypatch.setattr(link, "open_pipes", request.param)


def does(body: str) -> str:
    """Return a hand-in whose class Model does `body`, one line, when it is called."""
    return f"import ctypes, os, signal, sys, threading\nclass Model:\n    def __call__(self, x):\n        {body}\n"


def run(session: Session) -> None:
    session.call(session.build("Model", [], seed=0).id, [np.ones(1)])


def repeat(request: Callable[[], object]) -> None:
    for _ in range(10_000):
        request()


# ---- exceptions: the session goes on -------------------------------------------------------------------


def test_an_exception_tells_the_lines_of_the_hand_in_that_led_to_it(open_session: OpenSession) -> None:
    session = open_session("""\
class Model:
    def __call__(self, x):
        return list(map(self.step, [1, 0]))

    def step(self, n):
        return 1 / n
""")
    with pytest.raises(StudentError) as caught:
        run(session)
    assert caught.value.kind == "ZeroDivisionError"
    assert caught.value.message == "division by zero"
    assert caught.value.frames == (
        Frame(3, "Model.__call__", "return list(map(self.step, [1, 0]))"),
        Frame(6, "Model.step", "return 1 / n"),
    )
    assert session.alive()


def test_a_method_left_to_write_is_recognisable(open_session: OpenSession) -> None:
    with pytest.raises(StudentError) as caught:
        run(open_session(does("raise NotImplementedError")))
    assert caught.value.kind == "NotImplementedError"


@pytest.mark.parametrize(
    ("source", "kind", "line", "text"),
    [
        ("x = 1\ndef f(:\n    pass\n", "SyntaxError", 2, "def f(:"),
        ("if True:\nx = 1\n", "IndentationError", 2, "x = 1"),
        ("import nothing_of_that_name\n", "ModuleNotFoundError", 1, "import nothing_of_that_name"),
        ("\nimport sys\nsys.exit(3)\n", "SystemExit", 3, "sys.exit(3)"),
        ("exit()\n", "SystemExit", 1, "exit()"),
        ("raise KeyboardInterrupt\n", "KeyboardInterrupt", 1, "raise KeyboardInterrupt"),
        ("input()\n", "EOFError", 1, "input()"),
        (
            "raise ExceptionGroup('two', [ValueError(1)])\n",
            "ExceptionGroup",
            1,
            "raise ExceptionGroup('two', [ValueError(1)])",
        ),
    ],
    ids=["syntax", "indentation", "import", "sys.exit", "exit", "interrupt", "input", "group"],
)
def test_a_hand_in_that_cannot_be_imported_says_where(
    open_session: OpenSession, source: str, kind: str, line: int, text: str
) -> None:
    session = open_session(source, load=False)
    with pytest.raises(StudentError) as caught:
        session.load()
    assert caught.value.kind == kind
    assert caught.value.frames[-1] == Frame(line, "<module>", text)
    assert session.alive()


@pytest.mark.parametrize(
    "error", ["SystemExit", "KeyboardInterrupt", "GeneratorExit", "RecursionError", "StopIteration"]
)
def test_no_exception_in_a_call_ends_the_worker(open_session: OpenSession, error: str) -> None:
    session = open_session(does(f"raise {error}"))
    with pytest.raises(StudentError) as caught:
        run(session)
    assert caught.value.kind == error
    assert session.constants(["absent"]) == {"absent": None}


def test_endless_recursion_is_an_exception_with_a_few_frames(open_session: OpenSession) -> None:
    with pytest.raises(StudentError) as caught:
        run(open_session(does("return self(x)")))
    assert caught.value.kind == "RecursionError"
    assert 0 < len(caught.value.frames) <= 32


def test_an_exception_that_cannot_be_shown_is_shown_all_the_same(open_session: OpenSession) -> None:
    session = open_session("""\
class Hostile(Exception):
    def __str__(self):
        raise SystemExit

class Model:
    def __call__(self, x):
        raise Hostile

type.__setattr__(Hostile, "__name__", "\\x1b[2J" + "x" * 1000)
""")
    with pytest.raises(StudentError) as caught:
        run(session)
    assert caught.value.message == "(its message could not be made)"
    assert caught.value.kind.isprintable()
    assert len(caught.value.kind) == 80


def test_messages_are_cleaned_and_cut(open_session: OpenSession) -> None:
    with pytest.raises(StudentError) as caught:
        run(open_session(does(r"raise ValueError('\x1b[31m\x00\ud800begin' + 'x' * 10**7 + 'end')")))
    assert caught.value.message.startswith("?begin")
    assert caught.value.message.endswith("end")
    assert len(caught.value.message) <= 2000


def test_a_constructor_that_lacks_an_argument_is_a_type_error(open_session: OpenSession) -> None:
    session = open_session("class Model:\n    def __init__(self, n): ...\n")
    with pytest.raises(StudentError, match="unexpected keyword argument 'stride'") as caught:
        session.build("Model", [1], {"stride": 2}, seed=0)
    assert caught.value.kind == "TypeError"


def test_a_class_that_is_not_there_is_named(open_session: OpenSession) -> None:
    with pytest.raises(StudentError, match="expected a class Conv2d in the hand-in, got none"):
        open_session("").build("Conv2d", [], seed=0)


def test_values_that_cannot_cross_are_the_hand_ins_fault(open_session: OpenSession) -> None:
    session = open_session(
        "import numpy as np\nclass Model:\n    def __call__(self, x):\n        return np.zeros(2**27)\n"
    )
    with pytest.raises(StudentError, match="expected values that can be handed over"):
        run(session)
    assert session.alive()


# ---- the end of the worker -----------------------------------------------------------------------------


@pytest.mark.usefixtures("either_pipes")
def test_an_infinite_loop_is_stopped_when_its_time_is_up(open_session: OpenSession) -> None:
    session = open_session(does("print('still here')\n        while True: pass"))
    with session.deadline(0.3), pytest.raises(WorkerTimeout) as caught:
        run(session)
    assert caught.value.seconds == 0.3
    assert not session.alive()
    assert session.output_tail() == "still here\n"


def test_without_a_deadline_each_request_has_the_limit(open_session: OpenSession) -> None:
    with pytest.raises(WorkerTimeout) as caught:
        open_session("while True: pass", limits=Limits(wall_seconds=0.2))
    assert caught.value.seconds == 0.2


@pytest.mark.usefixtures("either_pipes")
def test_a_worker_that_does_not_read_is_stopped_too(open_session: OpenSession) -> None:
    session = open_session(does("threading.Timer(0, os.kill, (os.getpid(), signal.SIGSTOP)).start()"))
    with session.deadline(0.5), pytest.raises(WorkerTimeout):
        repeat(lambda: run(session))


def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Give the parent a clock on which each answer takes one second, and a way to turn it by hand."""
    now = itertools.count()
    turned = [0.0]
    monkeypatch.setattr(link, "time", SimpleNamespace(monotonic=lambda: next(now) / 4 + turned[0]))

    def turn(seconds: float) -> None:
        turned[0] += seconds

    return turn


def test_requests_within_a_deadline_share_it(open_session: OpenSession, monkeypatch: pytest.MonkeyPatch) -> None:
    session = open_session("")
    clock(monkeypatch)
    answers: list[dict[str, Scalar | None]] = []
    with session.deadline(6.0), pytest.raises(WorkerTimeout) as caught:
        repeat(lambda: answers.append(session.constants([])))
    assert 2 < len(answers) < 30
    assert caught.value.seconds == 6.0


def test_the_tightest_of_nested_deadlines_holds(open_session: OpenSession, monkeypatch: pytest.MonkeyPatch) -> None:
    session = open_session("")
    clock(monkeypatch)
    with session.deadline(1e6):
        with session.deadline(3.0), pytest.raises(WorkerTimeout) as caught:
            repeat(lambda: session.constants([]))
        assert caught.value.seconds == 3.0
        session.restart()
        session.load()
        with session.deadline(4.0), session.deadline(1e7), pytest.raises(WorkerTimeout) as caught:
            repeat(lambda: session.constants([]))
        assert caught.value.seconds == 4.0


def test_an_answer_that_was_ready_before_the_question_is_late_if_the_time_is_up(
    open_session: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = b'{"number":1,"body":{"is":"loaded","names":[]},"arrays":[]}'
    both = (frame(READY) + frame(loaded)).hex()
    session = open_session("", tier=Instead((*liar().command[:-1], both)), load=False)
    session.start()
    seconds = itertools.count()
    monkeypatch.setattr(link, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    with session.deadline(1.0), pytest.raises(WorkerTimeout):
        session.load()


def test_the_callers_own_work_is_not_counted(open_session: OpenSession, monkeypatch: pytest.MonkeyPatch) -> None:
    session = open_session("")
    turn = clock(monkeypatch)
    with session.deadline(10.0):
        for _ in range(3):
            session.constants([])
            turn(1000.0)
    assert session.alive()


@pytest.mark.usefixtures("either_pipes")
def test_an_exit_behind_pythons_back_is_a_crash(open_session: OpenSession) -> None:
    session = open_session(does("print('bye'); os._exit(0)"))
    with pytest.raises(WorkerCrashed) as caught:
        run(session)
    assert caught.value.returncode == 0
    assert caught.value.tail == "bye\n"


@pytest.mark.usefixtures("either_pipes")
def test_a_worker_that_ends_between_requests_is_a_crash_at_the_next(open_session: OpenSession) -> None:
    before = set(psutil.Process().children(recursive=True))
    session = open_session("")
    started = set(psutil.Process().children(recursive=True)) - before
    (worker,) = (process for process in started if not process.children())  # below what the tier puts above it
    worker.kill()
    while session.alive():
        pass
    with pytest.raises(WorkerCrashed):
        session.constants([])
    with pytest.raises(DeadSessionError):
        session.constants([])


@posix
@pytest.mark.parametrize(
    "body", ["os.kill(os.getpid(), signal.SIGSEGV)", "ctypes.string_at(0)"], ids=["signal", "null pointer"]
)
def test_a_segmentation_fault_is_a_crash_that_says_where(open_session: OpenSession, body: str) -> None:
    with pytest.raises(WorkerCrashed) as caught:
        run(open_session(does(body)))
    assert caught.value.returncode < 0
    assert "assignment.py" in caught.value.tail
    assert "line 4 in __call__" in caught.value.tail


@posix
def test_a_crash_is_noticed_while_something_else_holds_the_pipe(open_session: OpenSession) -> None:
    session = open_session(
        does("os.fork() and os._exit(7)\n        while True: pass"), limits=Limits(processes=2), tier=ProcessTier()
    )
    with pytest.raises(WorkerCrashed) as caught:
        run(session)
    assert caught.value.returncode == 7


@posix
def test_closing_every_descriptor_ends_the_session(open_session: OpenSession) -> None:
    with pytest.raises(WorkerCrashed):
        run(open_session(does("os.closerange(0, 100)")))


@limited
def test_an_allocation_over_the_limit_is_a_memory_failure(open_session: OpenSession) -> None:
    session = open_session(does("bytearray(8 << 30)"), tier=LimitsTier())
    with pytest.raises(WorkerMemory) as caught:
        run(session)
    assert caught.value.limit == Limits().memory_bytes
    assert not session.alive()


def test_memory_in_use_over_the_limit_is_a_memory_failure(open_session: OpenSession) -> None:
    limits = Limits(memory_bytes=200 * MIB)
    session = open_session(
        does("keep = b'x' * (400 << 20)\n        while True: pass"), limits=limits, tier=ProcessTier()
    )
    with pytest.raises(WorkerMemory):
        run(session)
    assert session.usage().peak_rss > 200 * MIB


@posix
def test_the_memory_of_child_processes_counts(open_session: OpenSession) -> None:
    limits = Limits(memory_bytes=300 * MIB, processes=4)
    body = "[os.fork() for _ in range(2)]; keep = b'x' * (60 << 20)\n        while True: pass"
    with pytest.raises(WorkerMemory):
        run(open_session(does(body), limits=limits, tier=LimitsTier()))


@posix
def test_too_many_processes_are_a_crash(open_session: OpenSession) -> None:
    session = open_session(does("[os.fork() for _ in range(3)]\n        while True: pass"), limits=Limits(processes=4))
    with pytest.raises(WorkerCrashed, match="ended with status") as caught:
        run(session)
    assert "more than 4 processes" in caught.value.tail


@limited
def test_cpu_time_is_limited_over_the_whole_life(open_session: OpenSession) -> None:
    with pytest.raises(WorkerTimeout) as caught:
        open_session("while True: pass", limits=Limits(cpu_seconds=1.0), tier=LimitsTier())
    assert caught.value.seconds == 1.0


# ---- afterwards ----------------------------------------------------------------------------------------


def test_a_dead_session_says_so_until_it_is_restarted_with_nothing_left(open_session: OpenSession) -> None:
    session = open_session(
        "count = 0\nclass Model:\n    def __init__(self):\n        global count\n        count += 1\n"
    )
    built = session.build("Model", [], seed=0)
    assert session.constants(["count"]) == {"count": 1}
    session.close()
    with pytest.raises(DeadSessionError, match="restart"):
        session.constants(["count"])
    used = session.usage()
    session.restart()
    with pytest.raises(KeyError):
        session.tensors(built.id)
    session.load()
    assert session.constants(["count"]) == {"count": 0}
    assert session.usage().wait_seconds > used.wait_seconds


def test_closing_is_harmless_at_any_time(open_session: OpenSession) -> None:
    session = open_session("", load=False)
    assert not session.alive()
    assert session.output_tail() == ""
    assert session.usage() == Usage(0, 0.0)
    session.close()
    session.start()
    assert session.alive()
    with session:
        pass
    session.close()
    assert not session.alive()


def test_an_interrupted_parent_leaves_nothing(open_session: OpenSession, monkeypatch: pytest.MonkeyPatch) -> None:
    session = open_session("")
    readings = itertools.count()

    def interrupt() -> float:
        if next(readings) == 1:
            raise KeyboardInterrupt
        return 0.0

    monkeypatch.setattr(link, "time", SimpleNamespace(monotonic=interrupt))
    with pytest.raises(KeyboardInterrupt):
        session.constants([])
    monkeypatch.setattr(link, "time", time)
    assert not session.alive()


@pytest.mark.parametrize(
    "command", [("/no/such/program",), (sys.executable, "-c", "print('what went wrong'); raise SystemExit(4)")]
)
def test_a_worker_that_does_not_start_is_not_the_hand_ins_fault(
    open_session: OpenSession, command: tuple[str, ...]
) -> None:
    with pytest.raises(LaunchError, match="worker"):
        open_session("", tier=Instead(command))


def test_a_worker_that_starts_with_nonsense_is_not_the_hand_ins_fault(open_session: OpenSession) -> None:
    with pytest.raises(LaunchError, match="expected it to start"):
        open_session("", tier=Instead((sys.executable, "-c", "print('what is this')")))


# ---- a busy machine -------------------------------------------------------------------------------------


def in_line(*seconds: float) -> Callable[[int], float]:
    """Return what says for how long a worker has waited for a processor, each time that it is asked."""
    coming = iter(seconds)
    last = seconds[-1]
    return lambda pid: next(coming, last)


SLEEPS = does("import time; time.sleep(1.2); return x")


def test_the_time_that_others_had_the_processor_is_not_the_hand_ins(
    open_session: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_session(SLEEPS)
    model = session.build("Model", [], seed=0)
    monkeypatch.setattr(link, "seconds_in_line", in_line(0.0, 1.0))
    with session.deadline(1.0):
        session.call(model.id, [np.ones(1)])


def test_a_hand_in_draws_its_time_out_no_longer_than_to_twice_of_it(
    open_session: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_session(does("while True: pass"))
    model = session.build("Model", [], seed=0)
    monkeypatch.setattr(link, "seconds_in_line", in_line(0.0, 1e6))
    with session.deadline(0.3), pytest.raises(WorkerTimeout):
        session.call(model.id, [np.ones(1)])


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_a_process_that_shares_a_processor_waits_in_line() -> None:
    (core, *_) = os.sched_getaffinity(0)
    burn = f"import os; os.sched_setaffinity(0, [{core}])\nwhile True: pass"
    with ExitStack() as stack:
        both = [stack.enter_context(subprocess.Popen([sys.executable, "-Sc", burn])) for _ in range(2)]
        for process in both:
            stack.callback(process.kill)
        while not all(seconds_in_line(process.pid) > 0.01 for process in both):
            assert all(process.poll() is None for process in both)
    assert seconds_in_line(both[0].pid) == 0.0  # it has ended
