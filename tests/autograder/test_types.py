"""mypy --strict judges a hand-in by the grader's configuration, whatever lies beside it or stands in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.assignment import Assignment, load_assignment
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
        "def f(x):  # type: ignore\n    return x\n",
        "def f(x):  # type: ignore[no-untyped-def]\n    return x\n",
        "# type: ignore\n" + UNTYPED,
        "import typing\n\n@typing.no_type_check\n" + UNTYPED,
        "from typing import no_type_check as quiet\n\n@quiet\n" + UNTYPED,
        "from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    def f(x):\n        return x\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import math\nelse:\n    def f(x): return x\n",
        "MYPY = False\nif not MYPY:\n    def f(x):\n        return x\n",
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


def test_a_call_of_the_library_with_the_wrong_type_is_an_error(tmp_path: Path) -> None:
    result = judge(tmp_path, 'from numpytorch import nn\n\nlayer = nn.Linear("three", 4)\n')
    assert result.status is Status.FAILED
    assert "line 3" in result.message


def test_the_words_in_a_string_or_a_name_are_no_hiding() -> None:
    assert hidings('TEXT = "# type: ignore"\nmypy_type_ignore = 1\n') == []
    assert without_directives('x = 1  # mypy: really\n"# mypy: in a string"\n').count("mypy: ") == 2


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
