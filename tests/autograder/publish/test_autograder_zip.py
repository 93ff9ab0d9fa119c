"""The zip for Gradescope: what is in it, that its bytes are always the same, and that it grades."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from autograder.assignment import load_assignment
from autograder.cli import app
from autograder.publish.exports.autograder_zip import autograder_zip
from tests.autograder.light import ROOT
from tests.autograder.publish.test_gradescope import parsed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def packed() -> bytes:
    return autograder_zip(load_assignment("cnn"))


def test_what_gradescope_looks_for_is_at_the_root_and_can_be_executed(packed: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        for name in ("setup.sh", "run_autograder"):
            assert archive.getinfo(name).external_attr >> 16 == 0o100755
            assert archive.read(name).startswith(b"#!/usr/bin/env bash\n")
            assert b"\r" not in archive.read(name)
            done = subprocess.run(["bash", "-n"], input=archive.read(name), capture_output=True, check=False)
            assert (done.returncode, done.stderr) == (0, b"")


def test_it_holds_no_answer_no_other_assignment_and_nothing_compiled(packed: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        names = archive.namelist()
        answer = (ROOT / "assignments/cnn/solution.py").read_bytes()
        assert not [n for n in names if archive.read(n) == answer]
    assert not [
        n
        for n in names
        if re.search(r"solution\.py|__pycache__|\.pyc|_assignments/.*README|_assignments/(rnn|autograd)/|^/|\.\.", n)
    ]
    assert {"autograder/_assignments/cnn/checks.py", "autograder/locale/ko/LC_MESSAGES/autograder.mo"} <= set(names)


def test_the_same_sources_give_the_same_bytes(packed: bytes, tmp_path: Path) -> None:
    assert autograder_zip(load_assignment("cnn")) == packed
    out = tmp_path / "autograder.zip"
    done = CliRunner().invoke(app, ["gradescope", "cnn", "--to", str(out), "--lang", "en"])
    assert (done.exit_code, out.read_bytes() == packed) == (0, True)


def test_versions_are_those_that_it_was_made_with(packed: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        lines = archive.read("requirements.txt").decode().splitlines()
        assert f"venv --python {sys.version_info.major}.{sys.version_info.minor} " in archive.read("setup.sh").decode()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][^;]*", line) for line in lines)
    assert {"numpy", "msgspec", "typer", "threadpoolctl", "Jinja2"} <= {line.partition("==")[0] for line in lines}


@pytest.mark.skipif(os.name == "nt", reason="Gradescope runs it on Linux")
def test_it_grades_a_submission_with_nothing_but_what_is_in_it(packed: bytes, tmp_path: Path) -> None:
    for folder in ("source", "submission", "results", "venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.extractall(tmp_path / "source")
    python = tmp_path / "venv/bin/python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', "utf-8")
    python.chmod(0o755)
    shutil.copy(ROOT / "assignments/cnn/assignment.py", tmp_path / "submission")
    environment = {**os.environ, "AUTOGRADER_ROOT": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    where = [str(python), "-P", "-c", "import autograder, numpytorch; print(autograder.__file__, numpytorch.__file__)"]
    found = subprocess.run(
        where, capture_output=True, text=True, check=True, env={**environment, "PYTHONPATH": str(tmp_path / "source")}
    )
    assert found.stdout.count(str(tmp_path / "source")) == 2
    script = ["bash", str(tmp_path / "source/run_autograder")]
    done = subprocess.run(script, capture_output=True, text=True, check=False, env=environment, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    told = parsed((tmp_path / "results/results.json").read_bytes())
    assert (told["score"], len(told["tests"])) == (0, 12)

    (tmp_path / "results/results.json").unlink()
    (tmp_path / "submission/assignment.py").rename(tmp_path / "submission/homework.txt")
    done = subprocess.run(script, capture_output=True, text=True, check=False, env=environment, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    told = parsed((tmp_path / "results/results.json").read_bytes())
    assert (told["score"], "a folder that holds assignment.py" in told["output"]) == (0, True)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("cnm",), "expected one of the assignments"),
        (("cnn", "--to", "no/such/a.zip"), "--to: expected a file that can"),
    ],
)
def test_bad_input_is_a_line_and_exit_status_2(more: tuple[str, ...], says: str, tmp_path: Path) -> None:
    words = ["gradescope", *more] if "--to" in more else ["gradescope", *more, "--to", str(tmp_path / "a.zip")]
    done = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    assert (done.exit_code, says in " ".join(done.stderr.split())) == (2, True)
    assert list(tmp_path.iterdir()) == []
