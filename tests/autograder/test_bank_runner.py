"""The bank: it says when a check does not do as declared, in each way, and when a declaration contradicts itself."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from autograder.assignment import AssignmentError
from autograder.bank import BankError, Kind, Report, load_bank, run_bank
from autograder.submission import SubmissionError
from tests.autograder.test_cli import autograder

SETTINGS = """\
title = "Two numbers"
imports = ["numpy"]
[limits]
memory_mib = 512
[[check]]
id = "a"
points = 40
[[check]]
id = "b"
points = 40
[[check]]
id = "c"
points = 20
requires = ["a"]
"""
CHECKS = '''\
from autograder.checks import Failed, Grader, Passed, check


def number(grader: Grader, name: str) -> Passed:
    got = grader.session.constants((name,))[name]
    if got == 7:
        return Passed("It is 7.")
    if got == 0:
        raise ZeroDivisionError("a fault of the check's own")
    raise Failed(f"{name}: expected 7, got {got}.", evidence={"cause": "factor" if got == -7 else "values_wrong"})


@check("a")
def a(grader: Grader) -> Passed:
    """A is 7."""
    return number(grader, "A")


@check("b")
def b(grader: Grader) -> Passed:
    """B is 7."""
    return number(grader, "B")


@check("c")
def c(grader: Grader) -> Passed:
    """C is 7."""
    return number(grader, "C")
'''
START = 'assignment = "numbers"\n[base]\nfile = "numbers/solution.py"\n'
WRONG = '[[wrong]]\nname = "the sign"\nchange = [["A = 7", "A = -7"]]\nfails = ["a"]\ncause = "factor"\n'


def write_bank(folder: Path, text: str) -> Path:
    task = folder / "numbers"
    task.mkdir()
    (task / "assignment.toml").write_text(SETTINGS, "utf-8")
    (task / "checks.py").write_text(CHECKS, "utf-8")
    (task / "solution.py").write_text("A = 7\nB = 7\nC = 7\n", "utf-8")
    (folder / "bank.toml").write_text(text, "utf-8")
    return folder


def run(folder: Path, text: str) -> Report:
    return run_bank(load_bank(write_bank(folder, text)))


def told(report: Report) -> list[tuple[Kind, str, str]]:
    return [(d.kind, d.check, d.happened) for o in report.outcomes for d in o.disagreements]


def wrong(name: str, a: object = 7, b: object = 7, c: object = 7, **more: object) -> str:
    """Write a [[wrong]] whose three numbers are these, declared to fail `a` for its sign unless said otherwise."""
    change = [["A = 7", f"A = {a}"], ["B = 7", f"B = {b}"], ["C = 7", f"C = {c}"]]
    entry = {"name": name, "change": change, "fails": ["a"], "cause": "factor", **more}
    return "[[wrong]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in entry.items())


def test_a_bank_that_comes_out_as_declared_holds_and_counts(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("A, B, C = 7, 7, 7\n", "utf-8")
    report = run(
        tmp_path,
        START
        + '[[right]]\nname = "the model answer"\n[[right]]\nname = "in one line"\nfile = "other.py"\n'
        + wrong("the sign of A", a=-7)
        + wrong("the value of B", b=8, fails=["b"], cause="values_wrong")
        + '[[wrong]]\nname = "C"\nfile = "other.py"\nchange = [["7, 7, 7", "7, 7, 8"]]\n'
        + 'fails = ["c"]\ncause = "values_wrong"\n',
    )
    assert told(report) == []
    assert report.holds
    assert (report.killed, report.false_alarms, report.named) == ((3, 3), (0, 5), (3, 3))
    assert report.never_alone == ()
    assert [o.hand_in for o in report.outcomes] == [
        "the model answer",
        "in one line",
        "the sign of A",
        "the value of B",
        "C",
    ]
    assert [o.failed for o in report.outcomes] == [(), (), ("a",), ("b",), ("c",)]


def test_a_wrong_hand_in_that_passes_has_survived(tmp_path: Path) -> None:
    report = run(tmp_path, START + wrong("B, not A", b=8))
    assert told(report) == [(Kind.SURVIVED, "a", "passed"), (Kind.FALSE_ALARM, "b", "failed")]
    assert not report.holds
    assert (report.killed, report.false_alarms, report.named) == ((0, 1), (1, 1), (0, 1))
    assert report.outcomes[0].disagreements[1].message == "B: expected 7, got 8."


def test_one_check_of_two_that_should_fail_is_not_enough(tmp_path: Path) -> None:
    report = run(tmp_path, START + wrong("A alone", a=-7, fails=["a", "b"]))
    assert told(report) == [(Kind.SURVIVED, "b", "passed")]
    assert report.killed == (0, 1)
    assert report.named == (1, 1)


def test_a_right_hand_in_without_full_marks_is_a_false_alarm_also_where_a_check_was_skipped(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text("A = 8\nB = 7\nC = 7\n", "utf-8")
    report = run(tmp_path, START + '[[right]]\nname = "no"\nfile = "right.py"\n')
    assert told(report) == [(Kind.FALSE_ALARM, "a", "failed"), (Kind.FALSE_ALARM, "c", "skipped")]
    assert not report.holds
    assert report.false_alarms == (1, 1)


def test_a_check_that_was_skipped_neither_fails_nor_is_a_false_alarm_for_a_wrong_hand_in(tmp_path: Path) -> None:
    report = run(tmp_path, START + wrong("A", a=-7) + wrong("A and C", a=-7, c=-7, fails=["a", "c"]))
    assert told(report) == [(Kind.SURVIVED, "c", "skipped")]


def test_another_cause_or_none_is_a_disagreement_and_counts_against_the_rate_only(tmp_path: Path) -> None:
    signs = "".join(wrong(f"sign {i}", a=-7, b=8 + i, fails=["a", "b"]) for i in range(9))
    report = run(tmp_path, START + signs + wrong("said to be a sign", a=8))
    assert told(report) == [(Kind.UNNAMED, "a", "named 'values_wrong'")]
    assert report.named == (9, 10)
    assert report.holds


def test_less_than_nine_in_ten_causes_is_not_enough(tmp_path: Path) -> None:
    signs = "".join(wrong(f"sign {i}", a=-7, b=8 + i, fails=["a", "b"]) for i in range(8))
    report = run(tmp_path, START + signs + wrong("said to be a sign", a=8))
    assert report.named == (8, 9)
    assert not report.holds


def test_an_open_cause_is_not_named_and_no_disagreement_until_it_is_named(tmp_path: Path) -> None:
    report = run(tmp_path, START + wrong("A", a=8, cause_open="none fits") + wrong("B", a=-7, cause_open="none fits"))
    assert told(report) == [(Kind.NO_LONGER_OPEN, "a", "named 'factor'")]
    assert report.named == (1, 2)
    assert "(none fits)" in report.outcomes[1].disagreements[0].declared


def test_an_exception_of_the_hand_in_is_a_failure_and_what_may_fail_may(tmp_path: Path) -> None:
    (tmp_path / "raises.py").write_text("A = B = C = 1 / 0\n", "utf-8")
    entry = '[[wrong]]\nname = "raises"\nfile = "raises.py"\nfails = ["a"]\nmay_fail = ["b"]\ncause = "raised"\n'
    report = run(tmp_path, START + entry)
    assert told(report) == []
    assert report.outcomes[0].failed == ("a", "b")


def test_a_fault_of_the_grader_is_no_kill(tmp_path: Path) -> None:
    report = run(tmp_path, START + wrong("zero", a=0))
    assert told(report) == [(Kind.GRADER_FAULT, "a", "grader_fault")]
    assert report.faulty
    assert not report.holds
    assert report.killed == (0, 1)


def test_only_the_checks_that_are_named_run_and_a_partial_run_shows_nothing_alone(tmp_path: Path) -> None:
    report = run(tmp_path, START + wrong("A and B", a=-7, b=8, only=["a", "c*"]))
    assert told(report) == []
    assert [c.id for c in report.outcomes[0].result.checks] == ["a", "c"]
    assert report.never_alone == ("a", "b", "c")


CONTRADICTIONS = [
    ("", "missing required field `assignment`"),
    ("assignment = ", "bank.toml"),
    (START + "[[left]]\n", "unknown field `left`"),
    (START + '[[right]]\nname = "x"\nfails = ["a"]\n', "unknown field `fails`"),
    ('assignment = "nowhere"\n', "expected one of the assignments"),
    (START + '[[right]]\nname = "x"\nfile = "x.py"\n', "x.py: expected a file or a folder, found nothing there"),
    (START.replace("solution", "x"), "x.py: expected a file or a folder, found nothing there"),
    ('assignment = "numbers"\n' + WRONG, "expected a `file`, for there is no [base] to change"),
    (START + "change = [['D', 'E']]\n", "[base]: `change`: expected this text exactly once, got it 0 times: D"),
    (START + WRONG.replace("A = 7", " = 7"), "'the sign': `change`: expected this text exactly once, got it 3 times"),
    (START + WRONG.replace('], ["', '"], ["').replace('[["A', '[["A = 7", "B = 7"], ["A'), "got it 0 times: A = 7"),
    (START + WRONG.replace('["a"]', '["a", "x"]'), "`fails`: expected ids of checks, got ['x']; there are ['a', 'b'"),
    (START + WRONG + 'may_fail = ["x"]\n', "`may_fail`: expected ids of checks, got ['x']"),
    (START + WRONG + 'may_fail = ["a"]\n', "expected ['a'] in `fails` or in `may_fail`, got both"),
    (START + WRONG + 'only = ["b"]\n', "`fails` names ['a'], which `only` ['b'] does not run"),
    (START + WRONG + 'only = ["a", "x.*"]\n', "one of ['a', 'b', 'c'], got 'x.*'"),
    (START + WRONG.replace('["a"]', "[]"), "expected a wrong hand-in to declare a check that `fails`"),
    (START + WRONG.replace('"factor"', '""'), "and its `cause`"),
    (START + WRONG.replace('cause = "factor"', ""), "missing required field `cause`"),
    (START + WRONG + WRONG, "expected each name once, got 'the sign' twice"),
    (START + WRONG + WRONG.replace("the sign", "minus"), "got one source for 'the sign' and 'minus'"),
    (START + WRONG.replace("= -7", "= 7"), "expected a wrong hand-in that differs from what it starts"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "says"), CONTRADICTIONS, ids=[says for _, says in CONTRADICTIONS])
def test_a_bank_that_contradicts_itself_is_refused_with_the_place(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises((BankError, AssignmentError, SubmissionError)) as raised:
        load_bank(write_bank(tmp_path, text))
    assert says in " ".join(str(raised.value).split())


def test_the_command_prints_rates_and_exits_with_0_if_all_is_as_declared(tmp_path: Path) -> None:
    write_bank(tmp_path, START + '[[right]]\nname = "right"\n' + WRONG)
    done = autograder("bank", str(tmp_path), "--json", str(tmp_path / "out.json"), "--jobs", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Kill rate: +100.0%  \(1 of 1 ", done.stdout)
    assert re.search(r"False alarms: +0.0%  \(0 of 2 ", done.stdout)
    assert re.search(r"Causes named: +100.0%  \(1 of 1 ", done.stdout)
    assert "alone: b, c." in done.stdout
    written = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert written["killed"] == [1, 1]
    assert [o["hand_in"] for o in written["outcomes"]] == ["right", "the sign"]
    assert written["outcomes"][1]["result"]["checks"][0]["evidence"]["cause"] == "factor"


def test_the_command_prints_a_line_for_each_disagreement_and_exits_with_1(tmp_path: Path) -> None:
    write_bank(tmp_path, START + wrong("B, not A", b=8))
    done = autograder("bank", str(tmp_path), "--jobs", "1")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "B, not A  a  declared: fails; happened: passed.  It is 7." in done.stdout
    assert "B, not A  b  declared: passes; happened: failed.  B: expected 7, got 8." in done.stdout


def test_the_command_runs_only_what_is_asked_for(tmp_path: Path) -> None:
    write_bank(tmp_path, START + wrong("B, not A", b=8) + wrong("A", a=-7))
    done = autograder("bank", str(tmp_path), "--jobs", "1", "--only", "[A]")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 right hand-ins and 1 wrong ones" in done.stdout
    assert "alone" not in done.stdout


USAGE = [
    (["nowhere"], "nowhere: expected a folder that holds bank.toml, found none in it"),
    ([".", "--only", "x"], "--only: expected a pattern that matches the name of a hand-in, got 'x'"),
    ([".", "--jobs", "0"], "--jobs"),
    ([".", "--json", "bank.toml"], "--json: expected a file to write the result to"),
    ([".", "--json", "no/such.json"], "--json: expected a file that can be written"),
    (["broken"], "got it 3 times"),
]


@pytest.mark.parametrize(("arguments", "says"), USAGE, ids=[" ".join(a) for a, _ in USAGE])
def test_wrong_usage_exits_with_2_and_a_clear_line(arguments: list[str], says: str, tmp_path: Path) -> None:
    write_bank(tmp_path, START + WRONG)
    (tmp_path / "broken").mkdir()
    write_bank(tmp_path / "broken", START + WRONG.replace("A = 7", " = 7"))
    done = autograder("bank", *arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in " ".join(done.stderr.split()), done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "bank.toml").read_text("utf-8") == START + WRONG


def test_a_fault_of_the_grader_exits_with_2(tmp_path: Path) -> None:
    write_bank(tmp_path, START + wrong("zero", a=0))
    done = autograder("bank", str(tmp_path), "--jobs", "1")
    assert done.returncode == 2
    assert "zero  a  declared: fails; happened: grader_fault." in done.stdout
