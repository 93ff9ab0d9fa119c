"""A hand-in that misbehaves in one check pays for that check only, and is told what happened."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from autograder.assignment import Assignment, load_assignment
from autograder.checks import Check, Failed, Grader, Passed
from autograder.runner import check_submission
from autograder.sandbox import TIERS, Session, tier_named, why_not
from autograder.submission import read_submission
from autograder.verdict import CheckResult, Status, SubmissionResult
from tests.autograder.light import SOLUTION

# Something happens in the forward where the kernel is 5 wide on one channel, which conv2d.forward alone tries.
PLACE = "        p = self.padding\n"
MISCHIEF = [
    ("os._exit(0)", Status.CRASHED, "ended with status 0"),
    ("os.kill(os.getpid(), 9)", Status.CRASHED, "without an answer"),
    ("sys.exit(0)", Status.ERROR, "SystemExit"),
    ("raise KeyboardInterrupt", Status.ERROR, "KeyboardInterrupt"),
    ("raise ValueError('no such thing')", Status.ERROR, "ValueError"),
    ("[].pop()", Status.ERROR, "pop from empty list"),
    ("recurse()", Status.ERROR, "RecursionError"),
]


@pytest.fixture(scope="module")
def cnn() -> Assignment:
    return load_assignment("cnn")


def grade(cnn: Assignment, source: str, folder: Path, only: str = "*") -> SubmissionResult:
    file = folder / "assignment.py"
    file.write_text(source, "utf-8")
    return check_submission(cnn, read_submission(file), only=only)


def quick(cnn: Assignment, **seconds: float) -> Assignment:
    """Return the assignment with other time limits."""
    import msgspec

    checks = tuple(
        (check, msgspec.structs.replace(settings, seconds=seconds.get(check.id.replace(".", "_"), settings.seconds)))
        for check, settings in cnn.checks
    )
    config = msgspec.structs.replace(cnn.config, check=tuple(s for _, s in checks))
    return Assignment(cnn.name, cnn.folder, config, checks)


def mischievous(what: str) -> str:
    helper = "\n\ndef recurse() -> None:\n    recurse()\n"
    line = f"        if self.kernel_size == 5 and x.shape[1] == 1 and not self.quiet:\n            {what}\n"
    source = SOLUTION.replace(PLACE, line + PLACE).replace(
        "import numpy as np", "import contextlib\nimport errno\nimport os\nimport sys\nimport numpy as np", 1
    )
    # The model's own convolution is 5 wide too: let it be.
    source = source.replace("            Conv2d(1, 16, 5, 2),", "            Conv2d(1, 16, 5, 2, 0, True),")
    source = source.replace("padding: int = 0\n    )", "padding: int = 0, quiet: bool = False\n    )")
    source = source.replace(
        "        self.padding = padding\n", "        self.padding = padding\n        self.quiet = quiet\n"
    )
    return source + helper


@pytest.mark.parametrize(("what", "status", "says"), MISCHIEF, ids=[m[0] for m in MISCHIEF])
def test_what_goes_wrong_in_one_check_costs_that_check_only(
    cnn: Assignment, what: str, status: Status, says: str, tmp_path: Path
) -> None:
    # One of them with the checks that train too, which take most of the time.
    result = grade(cnn, mischievous(what), tmp_path, "*" if what == "os._exit(0)" else "*2d.*")
    by_id = {c.id: c for c in result.checks}
    bad = by_id.pop("conv2d.forward")
    assert bad.status is status, bad
    assert says in bad.message, bad.message
    assert "Conv2d(1, 3, 5)" in bad.message, bad.message
    assert bad.score == 0
    assert {c.id for c in by_id.values() if c.status is not Status.PASSED} <= {"policy"}, by_id


ENDINGS = [
    ("os._exit(0)", Status.CRASHED),
    ("global hoard; hoard = np.ones(10**9)", Status.MEMORY),
    ("while True: pass", Status.TIMEOUT),
    ("forge()", Status.FORBIDDEN),
    ("os.kill(os.getppid(), 0) or os.fork()", Status.FORBIDDEN),
]


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals and fork")
@pytest.mark.parametrize("name", TIERS)
@pytest.mark.parametrize(("what", "status"), ENDINGS, ids=["exit", "memory", "hang", "forged reply", "refused"])
def test_each_way_to_fail_has_its_status_on_each_tier_and_costs_no_other_check(
    cnn: Assignment, name: str, what: str, status: Status, tmp_path: Path
) -> None:
    if why := why_not(name):
        pytest.skip(f"{name}: {why}")
    if "fork" in what and name not in ("bubblewrap", "landlock"):
        status = Status.CRASHED  # it is not refused; but one process more than it may have ends it
        what += "\n            while True: pass"
    helper = """

def forge() -> None:
    for number in range(3, 16):
        try:
            os.lseek(number, 0, os.SEEK_CUR)
        except OSError as error:
            if error.errno == errno.ESPIPE and not os.get_inheritable(number):
                with contextlib.suppress(OSError):  # one of the two is for reading
                    os.write(number, b"forged")
"""
    (tmp_path / "assignment.py").write_text(mischievous(what) + helper, "utf-8")
    task = quick(cnn, conv2d_forward=2.0 if status is Status.TIMEOUT else 15.0)
    result = check_submission(task, read_submission(tmp_path), only="conv2d.[fp]*", tier=tier_named(name))
    came_of = {check.id: check for check in result.checks}
    assert came_of["conv2d.forward"].status is status, came_of
    assert came_of["conv2d.parameters"].status is Status.PASSED, came_of
    assert result.sandbox == name


def test_a_hang_in_one_check_costs_that_check_only(cnn: Assignment, tmp_path: Path) -> None:
    result = grade(quick(cnn, conv2d_forward=3.0), mischievous("while True: pass"), tmp_path, only="*2d.*")
    by_id = {c.id: c for c in result.checks}
    assert by_id["conv2d.forward"].status is Status.TIMEOUT
    assert "within 3 seconds" in by_id["conv2d.forward"].message
    assert {c.status for i, c in by_id.items() if i != "conv2d.forward"} == {Status.PASSED}


def test_too_much_memory_in_one_check_costs_that_check_only(cnn: Assignment, tmp_path: Path) -> None:
    greedy = "global hoard; hoard = np.ones(10**9)"
    result = grade(cnn, mischievous(greedy), tmp_path, only="*2d.*")
    by_id = {c.id: c for c in result.checks}
    assert by_id["conv2d.forward"].status is Status.MEMORY
    assert "more than 2048 MiB" in by_id["conv2d.forward"].message
    assert {c.status for i, c in by_id.items() if i != "conv2d.forward"} == {Status.PASSED}


def test_an_exception_is_shown_with_the_line_of_the_hand_in(cnn: Assignment, tmp_path: Path) -> None:
    source = mischievous("raise ValueError('no such thing')")
    line = source[: source.index("raise ValueError('no")].count("\n") + 1
    result = grade(cnn, source, tmp_path, only="conv2d.forward")
    message = result.checks[0].message
    assert f"ValueError at line {line}, in Conv2d.forward: `raise ValueError('no such thing')`." in message
    assert " no such thing\nThis happened with Conv2d(1, 3, 5) on x (2, 1, 11, 7)." in message


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("import nosuchmodule\n", "cannot be imported: ModuleNotFoundError at line 1"),
        ("def broken(:\n    pass\n", "cannot be imported: SyntaxError"),
        ("raise SystemExit(0)\n", "SystemExit at line 1"),
        ("", "Conv2d"),
        ("Conv2d = MaxPool2d = MNISTClassificationModel = 3\n", "Conv2d"),
        ("print('\\x1b[31mred')\n1 / 0\n", "ZeroDivisionError at line 2"),
    ],
    ids=["missing module", "syntax error", "exit", "empty file", "not classes", "exception"],
)
def test_a_hand_in_that_cannot_be_used_scores_0_with_the_reason(
    cnn: Assignment, source: str, says: str, tmp_path: Path
) -> None:
    result = grade(cnn, source, tmp_path)
    assert result.score == 0
    assert not result.faulty, result
    first = result.checks[0]
    assert first.status is Status.ERROR
    assert says in first.message, first.message
    assert "\x1b" not in result.to_json().decode()


def test_an_import_that_hangs_is_tried_once(cnn: Assignment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imports: list[Session] = []
    load = Session.load

    def counted(session: Session) -> tuple[str, ...]:
        imports.append(session)
        return load(session)

    monkeypatch.setattr(Session, "load", counted)
    result = grade(quick(cnn, conv2d_forward=2.0), "while True:\n    pass\n", tmp_path)
    assert result.score == 0
    statuses = {c.status for c in result.checks}
    assert statuses <= {Status.TIMEOUT, Status.SKIPPED}, statuses
    assert len(imports) == 1


def test_training_that_is_too_slow_says_how_far_it_came(cnn: Assignment, tmp_path: Path) -> None:
    import msgspec

    training = msgspec.structs.replace(cnn.training, seconds=2.0)
    config = msgspec.structs.replace(cnn.config, training=training)
    short = Assignment(cnn.name, cnn.folder, config, cnn.checks)
    slow = SOLUTION.replace(PLACE, "        sum(range(3_000_000))\n" + PLACE)
    result = grade(short, slow, tmp_path, only="model.*")
    learns, f1 = result.checks[1:]
    assert learns.status is Status.PASSED  # what was finished counts
    assert f1.status is Status.FAILED
    assert f1.evidence["cause"] == "too_slow"
    for check in (learns, f1):
        assert "of 300 iterations" in check.message
        assert "The model answer does" in check.message


def test_a_fault_of_the_grader_is_no_fault_of_the_student(cnn: Assignment, tmp_path: Path) -> None:
    def broken(grader: Grader) -> Passed:
        raise ZeroDivisionError("ours")

    checks = ((Check("conv2d.forward", "broken", broken), cnn.checks[0][1]), *cnn.checks[1:2])
    result = grade(Assignment(cnn.name, cnn.folder, cnn.config, checks), SOLUTION, tmp_path)
    fault, other = result.checks
    assert fault.status is Status.GRADER_FAULT
    assert "not your code" in fault.message
    assert "ZeroDivisionError: ours" in str(fault.evidence["error"])
    assert other.status is Status.PASSED
    assert result.faulty


def test_a_check_that_requires_others_is_skipped_if_they_all_failed(cnn: Assignment, tmp_path: Path) -> None:
    def no(grader: Grader) -> Passed:
        raise Failed("no")

    def yes(grader: Grader) -> Passed:
        return Passed("yes")

    def run(*functions: object) -> list[CheckResult]:
        ids = ("conv2d.forward", "maxpool2d.forward", "policy")
        settings = {c.id: s for c, s in cnn.checks}
        checks = tuple((Check(i, i, f), settings[i]) for i, f in zip(ids, functions, strict=True))  # type: ignore[arg-type]
        return list(grade(Assignment(cnn.name, cnn.folder, cnn.config, checks), "", tmp_path).checks)

    assert [c.status for c in run(no, no, yes)] == [Status.FAILED, Status.FAILED, Status.SKIPPED]
    assert [c.status for c in run(no, yes, yes)] == [Status.FAILED, Status.PASSED, Status.PASSED]
