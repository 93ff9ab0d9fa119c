"""Keys: what makes a result stale, and what does not."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from autograder.assignment import Written, load_assignment
from autograder.gradebook import Key, assignment_sha256, environment_sha256, grader_sha256, keys
from tests.autograder.light import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_Patch = pytest.MonkeyPatch
ENVIRONMENT = {"numpy": "2.3.1", "machine": "x86_64", "system": "Linux 6.1.0", "cores": "2"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "cnn"
    shutil.copytree(ROOT / "assignments" / "cnn", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def hashed(folder: Path) -> str:
    return assignment_sha256(load_assignment(str(folder)))


def append(file: Path, text: str) -> None:
    file.write_bytes(file.read_bytes() + text.encode())


@pytest.mark.parametrize("name", ["checks.py", "solution.py", "helper.py"])
def test_another_source_of_the_assignment_is_another_key(folder: Path, name: str) -> None:
    before = hashed(folder)
    (folder / "helper.py").touch()
    before = before if name == "helper.py" else hashed(folder)
    append(folder / name, "\n# changed\n")
    assert hashed(folder) != before


def test_other_settings_of_the_assignment_are_another_key(folder: Path) -> None:
    before = hashed(folder)
    toml = folder / "assignment.toml"
    toml.write_text(toml.read_text("utf-8").replace("f1 = 0.9", "f1 = 0.8"), "utf-8")
    assert hashed(folder) != before


@pytest.mark.parametrize("name", ["assignment.py", "README.md", "assignment.toml"])
def test_the_stub_the_handout_and_comments_in_settings_have_no_say(folder: Path, name: str) -> None:
    before = hashed(folder)
    append(folder / name, "\n# changed\n")
    assert hashed(folder) == before


def test_written_parts_have_no_say_in_the_key_of_the_checks() -> None:
    task = load_assignment("cnn")
    more = replace(task, config=msgspec.structs.replace(task.config, written=(Written("essay", "Essay", 5),)))
    assert assignment_sha256(more) == assignment_sha256(task)


def test_a_checkout_with_windows_newlines_has_the_same_key(folder: Path) -> None:
    before = hashed(folder)
    for file in [*folder.glob("*.py"), folder / "assignment.toml"]:
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert hashed(folder) == before


@pytest.mark.parametrize("part", ["checks/gradient.py", "sandbox/session.py", "runner.py", "verdict.py"])
def test_another_source_of_the_grader_is_another_key(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "autograder"
    shutil.copytree(ROOT / "autograder", copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(keys, "_GRADER", copy)
    grader_sha256.cache_clear()
    before = grader_sha256()
    append(copy / "gradebook" / "book.py", "# changed")
    grader_sha256.cache_clear()
    assert grader_sha256() == before
    append(copy / part, "# changed")
    grader_sha256.cache_clear()
    assert grader_sha256() != before
    grader_sha256.cache_clear()


def test_another_source_of_the_library_is_another_key(tmp_path: Path, monkeypatch: _Patch) -> None:
    copy = tmp_path / "numpytorch"
    shutil.copytree(ROOT / "numpytorch", copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(keys, "_LIBRARY", copy)
    grader_sha256.cache_clear()
    before = grader_sha256()
    append(copy / "autograd" / "__init__.py", "# changed")
    grader_sha256.cache_clear()
    assert grader_sha256() != before
    grader_sha256.cache_clear()


@pytest.mark.parametrize(
    "part", [{"numpy": "2.4.0"}, {"machine": "aarch64"}, {"system": "Windows 11"}, {"blas": "mkl"}]
)
def test_another_version_processor_or_system_is_another_environment(part: dict[str, str]) -> None:
    assert environment_sha256(ENVIRONMENT | part, "limits") != environment_sha256(ENVIRONMENT, "limits")


def test_another_tier_is_another_environment() -> None:
    assert environment_sha256(ENVIRONMENT, "landlock") != environment_sha256(ENVIRONMENT, "limits")


@pytest.mark.parametrize("part", [{"cores": "64"}, {"system": "Linux 6.8.1"}])
def test_cores_and_the_release_of_the_kernel_have_no_say(part: dict[str, str]) -> None:
    assert environment_sha256(ENVIRONMENT | part, "limits") == environment_sha256(ENVIRONMENT, "limits")


def test_the_order_of_the_environment_has_no_say() -> None:
    turned = dict(reversed(ENVIRONMENT.items()))
    assert environment_sha256(turned, "limits") == environment_sha256(ENVIRONMENT, "limits")


@pytest.mark.parametrize("other", [{"a": "12", "b": "3"}, {"a": "1b\n23"}], ids=["a character", "a name"])
def test_what_moves_from_one_value_to_another_makes_another_environment(other: dict[str, str]) -> None:
    assert environment_sha256({"a": "1", "b": "23"}, "x") != environment_sha256(other, "x")


def test_a_key_names_the_parts_that_differ() -> None:
    one = Key("h", "a", "g", "e", 1)
    assert one.changed(one) == ()
    assert one.changed(Key("h", "b", "g", "f", 2)) == ("assignment", "environment", "seed")
