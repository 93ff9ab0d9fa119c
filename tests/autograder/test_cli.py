"""The command: what it prints, what it writes, its exit status, and what it says to bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.autograder.light import ROOT, SOLUTION

STUB = ROOT / "assignments" / "cnn" / "assignment.py"


def autograder(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from autograder.cli import main; main()", *arguments]
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}  # whatever language the machine is set to
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", cwd=cwd, env=environment, timeout=120, check=False
    )


@pytest.fixture
def hand_in(tmp_path: Path) -> Path:
    file = tmp_path / "assignment.py"
    file.write_text(SOLUTION, "utf-8")
    return file


def test_a_right_hand_in_exits_with_0_and_shows_every_check_and_the_score(hand_in: Path) -> None:
    done = autograder("check", "cnn", str(hand_in))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Score: 100 of 100" in done.stdout
    assert done.stdout.count(" passed ") == 12
    assert "Seconds:" in done.stdout
    assert "training" in done.stdout


def test_a_folder_stands_for_the_assignment_in_it(hand_in: Path) -> None:
    done = autograder("check", "cnn", str(hand_in.parent), "--only", "policy")
    assert done.returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_a_name_that_is_no_text_can_be_written_down(tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"caf\xe9.py")
    file.write_text(SOLUTION, "utf-8")
    done = autograder("check", "cnn", str(file), "--only", "policy", "--json", str(tmp_path / "result.json"))
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "result.json").read_bytes())["submission"]["path"].endswith(r"caf\udce9.py")


def test_the_stub_is_the_default_and_exits_with_1_and_kind_words() -> None:
    done = autograder("check", "cnn")
    assert done.returncode == 1
    assert "Score: 0 of 100" in done.stdout
    assert "this is where everyone starts" in " ".join(done.stdout.split())
    assert "Traceback" not in done.stdout + done.stderr


def test_only_runs_what_matches(hand_in: Path) -> None:
    done = autograder("check", "cnn", str(hand_in), "--only", "conv2d.grad_*")
    assert done.returncode == 0
    assert "Score: 30 of 30" in done.stdout
    assert "conv2d.grad_bias" in done.stdout
    assert "conv2d.forward" not in done.stdout


def test_json_holds_what_the_contract_lists(hand_in: Path, tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    autograder("check", "cnn", str(hand_in), "--only", "conv2d.*", "--seed", "7", "--json", str(out))
    result = json.loads(out.read_text("utf-8"))
    assert {
        "schema", "assignment", "submission", "score", "max_score", "sandbox", "seed", "environment", "checks",
    } <= result.keys()  # fmt: skip
    assert result["assignment"] == "cnn"
    assert result["submission"]["path"] == str(hand_in)
    assert len(result["submission"]["sha256"]) == 64
    assert (result["score"], result["max_score"], result["seed"]) == (45, 45, 7)
    assert [c["id"] for c in result["checks"]] == [
        "conv2d.forward", "conv2d.grad_weight", "conv2d.grad_bias", "conv2d.grad_input", "conv2d.parameters",
    ]  # fmt: skip
    for check in result["checks"]:
        assert list(check) == [
            "id", "title", "status", "score", "max_score", "visibility", "seconds", "message", "hint", "evidence",
        ]  # fmt: skip


BAD_INPUT = [
    (["check", "rnnn"], "an assignment.toml, got 'rnnn'"),
    (["check", "../cnn"], "an assignment.toml, got '../cnn'"),
    (["check", "cnn", "nowhere.py"], "nowhere.py: expected a file or a folder, found nothing there"),
    (["check", "cnn", "."], "expected a folder that holds assignment.py"),
    (["check", "cnn", "notes.txt"], "expected a Python file"),
    (["check", "cnn", "nul.py"], "NUL byte on line 2"),
    (["check", "cnn", "latin.py"], "Save it again as UTF-8"),
    (["check", "cnn", "huge.py"], "expected at most 1048576 bytes"),
    (["check", "cnn", str(STUB), "--only", "conv3d.*"], "expected a pattern that matches one of conv2d.forward"),
    (["check", "cnn", str(STUB), "--json", "no/such/folder/out.json"], "no/such/folder"),
    (["check", "cnn", str(STUB), "--json", "."], "--json: expected a file that can be written"),
    (["check", "cnn", "right.py", "--json", "right.py"], "which is source code"),
    (["check", "cnn", str(STUB), "--seed", "-1"], "--seed"),
    (["check", "cnn", str(STUB), "--seed", "x"], "--seed"),
    (["check"], "Missing argument"),
    (["grad"], "No such command"),
    (["check", "cnn", str(STUB), "--verbose"], "No such option"),
]


@pytest.mark.parametrize(("arguments", "says"), BAD_INPUT, ids=[" ".join(a)[-40:] for a, _ in BAD_INPUT])
def test_bad_input_exits_with_2_and_a_clear_line_and_no_traceback(
    arguments: list[str], says: str, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("hello", "utf-8")
    (tmp_path / "right.py").write_text(SOLUTION, "utf-8")
    (tmp_path / "nul.py").write_bytes(b"x = 1\n\0\n")
    (tmp_path / "latin.py").write_bytes(b"# caf\xe9\n")
    (tmp_path / "huge.py").write_bytes(b"#" * (1 << 20) + b"\n")
    done = autograder(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in " ".join(done.stderr.split()), done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "right.py").read_text("utf-8") == SOLUTION


def test_a_fault_of_the_grader_exits_with_2(tmp_path: Path) -> None:
    code = "import autograder.cli as c; c.load_assignment = lambda name: 1 / 0; c.main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "check", "cnn"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "fault of the grader" in done.stderr
