"""A kit goes into a new folder, or over an earlier kit, and never over what somebody else wrote."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from autograder.release.install import MANIFEST, Installed, install, read_manifest
from autograder.release.kit import ReleaseError

FIRST = {"README.md": "two commands", "assignments/cnn/assignment.py": "to do", "numpytorch/old/module.py": "old"}
SECOND = {"README.md": "three commands", "assignments/cnn/assignment.py": "to do, and more", "numpytorch/new.py": "new"}


def put(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def content(folder: Path) -> dict[str, str]:
    return {f.relative_to(folder).as_posix(): f.read_text("utf-8") for f in folder.rglob("*") if f.is_file()}


@pytest.fixture
def first(tmp_path: Path) -> Path:
    return put(tmp_path / "first", FIRST)


@pytest.fixture
def second(tmp_path: Path) -> Path:
    return put(tmp_path / "second", SECOND)


@pytest.fixture
def folder(first: Path, tmp_path: Path) -> Path:
    """A folder with the first kit."""
    install(first, tmp_path / "kit")
    return tmp_path / "kit"


def test_a_new_folder_gets_every_file_and_a_list_that_sha256sum_reads(folder: Path) -> None:
    found = content(folder)
    listed = found.pop(MANIFEST)
    assert found == FIRST
    hashed = {hashlib.sha256(text.encode()).hexdigest(): name for name, text in FIRST.items()}
    assert dict(line.split("  ") for line in listed.splitlines()) == hashed


def test_the_same_kit_again_changes_nothing(folder: Path, first: Path) -> None:
    before = {f: f.stat().st_mtime_ns for f in folder.rglob("*") if f.is_file() and f.name != MANIFEST}
    assert install(first, folder) == Installed((), tuple(FIRST), (), ())
    assert {f: f.stat().st_mtime_ns for f in before} == before


def test_an_update_writes_what_is_new_and_removes_what_is_gone(folder: Path, second: Path) -> None:
    done = install(second, folder)
    assert sorted(done.written) == sorted(SECOND)
    assert done.removed == ("numpytorch/old/module.py",)
    assert not (folder / "numpytorch" / "old").exists()
    content(folder).pop(MANIFEST)
    assert content(folder) == SECOND | {MANIFEST: (folder / MANIFEST).read_text("utf-8")}


def test_what_its_owner_changed_or_added_stays_as_it_is_and_is_told(folder: Path, second: Path) -> None:
    mine = {"assignments/cnn/assignment.py": "done", "numpytorch/old/module.py": "mine", "notes.md": "mine too"}
    put(folder, mine)
    for _again in range(2):  # also when the kit's own version of a file is what it was
        done = install(second, folder)
        assert {name: content(folder)[name] for name in mine} == mine
        assert "assignments/cnn/assignment.py" in done.kept
        assert "numpytorch/old/module.py" not in done.removed


def test_an_update_that_was_cut_short_is_finished_by_the_next(
    folder: Path, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = os.replace

    def full(source: Path, target: Path) -> None:
        if target.name == "assignment.py":
            raise OSError("no space left")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        install(second, folder)
    monkeypatch.undo()
    done = install(second, folder)
    assert not done.kept
    assert {name: content(folder)[name] for name in SECOND} == SECOND


def test_a_repository_without_files_is_a_new_folder(first: Path, tmp_path: Path) -> None:
    put(tmp_path / "kit", {".git/config": "[core]"})
    assert install(first, tmp_path / "kit").written


@pytest.mark.parametrize(
    "files",
    [
        {"thesis.tex": "mine"},
        {"thesis.tex": "mine", MANIFEST: "not a list\n"},
        {"thesis.tex": "mine", MANIFEST: f"{'0' * 64}  ../thesis.tex\n"},
        {"thesis.tex": "mine", MANIFEST: f"{'0' * 64}  /etc/passwd\n"},
        {"thesis.tex": "mine", MANIFEST: f"{'0' * 64}  a/../../b\n"},
        {"thesis.tex": "mine", MANIFEST: f"{'0' * 64}  C:\\thesis.tex\n"},
    ],
    ids=["no list", "no hashes", "above", "absolute", "around", "drive"],
)  # fmt: skip
def test_a_folder_of_something_else_is_refused_and_left_alone(
    files: dict[str, str], first: Path, tmp_path: Path
) -> None:
    put(tmp_path / "kit", files)
    with pytest.raises(ReleaseError, match="expected a new folder, or that of an earlier kit"):
        install(first, tmp_path / "kit")
    assert content(tmp_path / "kit") == files


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    put(tmp_path, {"kit": "a file"})
    with pytest.raises(ReleaseError, match="expected a folder"):
        read_manifest(tmp_path / "kit")


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege")
@pytest.mark.parametrize("link", ["README.md", "assignments", "assignments/cnn"])
def test_nothing_is_written_through_a_link(link: str, folder: Path, second: Path, tmp_path: Path) -> None:
    outside = put(tmp_path / "outside", {"cnn/assignment.py": "to do", "assignment.py": "to do"})
    place = folder / link
    if place.is_dir():
        for file in [*place.rglob("*.py")]:
            file.unlink()
        for inner in sorted((p for p in [*place.rglob("*"), place]), reverse=True):
            inner.rmdir()
    else:
        place.unlink()
    place.symlink_to(outside)
    before = content(outside)
    with pytest.raises(ReleaseError, match="got something else at"):
        install(second, folder)
    assert content(outside) == before
