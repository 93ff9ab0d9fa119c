"""mypy --strict judges a hand-in by the grader's configuration, whatever lies beside it or stands in it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from autograder.assignment import Assignment, load_assignment
from autograder.checks import Failed, types
from autograder.checks.types import TypeCheck, hidings, without_directives
from autograder.runner import check_submission
from autograder.submission import read_submission
from autograder.verdict import CheckResult, Status

UNTYPED = "def f(x):\n    return x\n"


def judge(folder: Path, source: str) -> CheckResult:
    cnn = load_assignment("cnn")
    only_types = tuple((c, s) for c, s in cnn.checks if c.id == "types.strict")
    (folder / "assignment.py").write_text(source, "utf-8")
    task = Assignment(cnn.name, cnn.folder, cnn.config, only_types)
    return check_submission(task, read_submission(folder)).checks[0]


def test_a_typed_hand_in_passes(tmp_path: Path) -> None:
    result = judge(tmp_path, "from numpytorch import Tensor\n\ndef f(x: Tensor) -> Tensor:\n    return x + 1\n")
    assert result.status is Status.PASSED, result.message


def test_an_untyped_function_fails_with_its_line(tmp_path: Path) -> None:
    result = judge(tmp_path, "\n\n" + UNTYPED)
    assert result.status is Status.FAILED
    assert "line 3: Function is missing a type annotation" in result.message


@pytest.mark.parametrize(
    "source",
    [
        "# mypy: ignore-errors\n" + UNTYPED,
        "# mypy: disallow-untyped-defs=False\n" + UNTYPED,
        "# mypy:ignore-errors\n" + UNTYPED,
        "def f(x):  # type: ignore\n    return x\n",
        "def f(x):  # type: ignore[no-untyped-def]\n    return x\n",
        "# type: ignore\n" + UNTYPED,
        "import typing\n\n@typing.no_type_check\n" + UNTYPED,
        "from typing import no_type_check as quiet\n\n@quiet\n" + UNTYPED,
        "from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    def f(x):\n        return x\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import math\nelse:\n    def f(x): return x\n",
        "MYPY = False\nif not MYPY:\n    def f(x):\n        return x\n",
        "PY2 = True\nif PY2:\n    def f(x):\n        return x\n",
        "PY3 = False\nif not PY3:\n    def f(x):\n        return x\n",
    ],
)
def test_comments_and_decorators_do_not_hide_errors(tmp_path: Path, source: str) -> None:
    assert judge(tmp_path, source).status is Status.FAILED


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mypy.ini", "[mypy]\nignore_errors = True\n"),
        (".mypy.ini", "[mypy]\nignore_errors = True\n"),
        ("setup.cfg", "[mypy]\nignore_errors = True\n"),
        ("pyproject.toml", "[tool.mypy]\nignore_errors = true\n"),
        ("assignment.pyi", "def f(x: int) -> int: ...\n"),
        ("numpytorch.py", "raise SystemExit(0)\n"),
        ("mypy.py", "raise SystemExit(0)\n"),
        ("sitecustomize.py", "import os; os._exit(0)\n"),
    ],
)
def test_files_beside_the_hand_in_have_no_effect(
    tmp_path: Path, name: str, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MYPY_CONFIG_FILE_DIR", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert judge(tmp_path, "from numpytorch import Tensor\n" + UNTYPED).status is Status.FAILED


def test_what_mypy_reads_is_what_runs_whatever_encoding_the_first_line_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    # Decoded once more as UTF-7, +AAoAIgAiACI- is a new line and three quotes: a string, with the function in it.
    text = f"# coding: utf-7\n# +AAoAIgAiACI-\n{UNTYPED}# +AAoAIgAiACI-\n"
    (tmp_path / "assignment.py").write_bytes(text.encode("utf-7"))
    submission = read_submission(tmp_path)
    assert submission.source == text
    run = TypeCheck(submission, 60)
    (copy,) = tmp_path.glob("types-*/*.py")
    # As mypy decoded it before version 2, and does without its own parser; a mark at the start goes before the comment.
    assert copy.read_bytes().startswith(b"\xef\xbb\xbf# coding")
    assert run.wait()[0] == 1


def test_a_call_of_the_library_with_the_wrong_type_is_an_error(tmp_path: Path) -> None:
    result = judge(tmp_path, 'from numpytorch import nn\n\nlayer = nn.Linear("three", 4)\n')
    assert result.status is Status.FAILED
    assert "line 3" in result.message


def test_the_words_in_a_string_or_a_name_are_no_hiding() -> None:
    assert hidings('TEXT = "# type: ignore"\nmypy_type_ignore = 1\n') == []
    assert without_directives('x = 1  # mypy: really\n"# mypy: in a string"\n').count("mypy: ") == 2
    assert without_directives("#\nmypy: int = 1\n") == "#\nmypy: int = 1\n"


def test_source_too_deep_for_the_grader_though_not_for_the_worker_hides_nothing() -> None:
    source = f"x = {'-' * 2000}1\n"
    compile(source, "assignment.py", "exec")
    with pytest.raises(Failed, match="nested too deeply"):
        deeper(600, lambda: hidings("import typing\n" + source))


def deeper(levels: int, call: Callable[[], object]) -> object:
    return deeper(levels - 1, call) if levels else call()


def test_source_that_does_not_parse_is_left_to_mypy(tmp_path: Path) -> None:
    assert hidings("def (:\n") == []
    assert judge(tmp_path, "def (:\n").status is Status.FAILED


def test_hand_ins_of_one_size_checked_side_by_side_get_each_its_own_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    runs = []
    for result in ("int", "str"):
        (tmp_path / f"{result}.py").write_text(f"def f(x: int) -> {result}:\n    return x\n", "utf-8")
        runs.append(TypeCheck(read_submission(tmp_path / f"{result}.py"), 60))
    assert len({copy.name for copy in tmp_path.glob("types-*/*.py")}) == 2  # mypy's cache knows modules by their names
    assert [run.wait()[0] for run in runs] == [0, 1]


# ---- a hand-in that mypy breaks down over --------------------------------------------------------------

TUPLES = "a0 = (1, 2)\n" + "".join(f"a{n + 1} = (a{n}, a{n})\n" for n in range(28))
"""A type that is twice as large on each line."""


def test_what_takes_mypy_too_much_memory_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(types, "MEMORY", 300 << 20)
    result = judge(tmp_path, TUPLES)
    assert result.status is Status.MEMORY
    assert "at most 300 MiB" in result.message


def test_memory_is_also_watched_where_the_system_keeps_no_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(types, "MEMORY", 300 << 20)
    monkeypatch.setattr(types, "_LIMITED", types._LIMITED.replace("resource.setrlimit(", "("))
    assert judge(tmp_path, TUPLES).status is Status.MEMORY


def test_what_takes_mypy_too_long_is_stopped_with_all_that_mypy_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if mypy had started a process and then never ended.
    child = "import subprocess, sys; subprocess.Popen([sys.executable, '-Sc', 'input()'], stdin=subprocess.PIPE)\n"
    monkeypatch.setattr(types, "_LIMITED", f"{child}print('started', flush=True)\nwhile True: pass")
    (tmp_path / "assignment.py").write_text("", "utf-8")
    before = set(psutil.Process().children(recursive=True))
    run = TypeCheck(read_submission(tmp_path), 2)
    with pytest.raises(subprocess.TimeoutExpired):
        run.wait()
    started = set(psutil.Process().children(recursive=True)) - before
    assert not any(process.status() != psutil.STATUS_ZOMBIE for process in started)


def test_cpu_time_is_counted_while_nobody_waits(tmp_path: Path) -> None:
    (tmp_path / "assignment.py").write_text(TUPLES, "utf-8")
    run = TypeCheck(read_submission(tmp_path), 1)
    run._seconds = 60  # nobody's patience ends it
    with pytest.raises(subprocess.TimeoutExpired):
        run.wait()


def test_source_that_is_nested_too_deeply_fails(tmp_path: Path) -> None:
    result = judge(tmp_path, "x = " + "+".join(["1"] * 20_000) + "\n")
    assert result.status is Status.FAILED
    assert "nested too deeply" in result.message


NAMED = "import sys; print(sys.argv[-1] + ':19: error: INTERNAL ERROR -- Please try using mypy master'); "
"""What mypy says before the traceback of its own fault."""


@pytest.mark.parametrize(
    "end",
    [
        "import os, signal; os.kill(os.getpid(), 11)",
        "print('INTERNAL ERROR'); exit(2)",
        NAMED + "print('IndexError'); exit(2)",
    ],
)
def test_a_file_that_mypy_crashes_over_is_no_fault_of_the_graders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(types, "_LIMITED", end)
    result = judge(tmp_path, "")
    assert result.status is Status.CRASHED
    assert "mypy crashed on it" in result.message


def test_a_mypy_that_ran_out_of_memory_and_names_a_line_is_no_error_of_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(types, "_LIMITED", NAMED + "print('MemoryError'); exit(2)")
    assert judge(tmp_path, "").status is Status.MEMORY


def test_a_mypy_that_is_broken_is_the_graders_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(types, "_LIMITED", "raise SystemExit(2)")
    assert judge(tmp_path, "").status is Status.GRADER_FAULT
