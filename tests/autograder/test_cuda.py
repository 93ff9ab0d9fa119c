"""The assignment on CUDA: its simulator, its script, and what holds where there is no Numba. Its bank does the rest."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder import assignment as assignments
from autograder.assignment import Assignment, load_assignment
from autograder.checks.differences import gradient
from autograder.checks.types import with_untyped
from autograder.grading.work import identity
from autograder.publish.exports.autograder_zip import autograder_zip
from autograder.runner import check_submission
from autograder.sandbox import TIERS, Session, StudentError, tier_named, why_not
from autograder.submission import read_submission
from autograder.verdict import Status
from tests.autograder.light import ROOT

FOLDER = ROOT / "assignments" / "cuda"
SIMULATED = {"NUMBA_ENABLE_CUDASIM": "1"}
numba = pytest.mark.skipif(find_spec("numba") is None, reason="needs Numba")


@pytest.fixture(scope="module")
def cuda() -> Assignment:
    return load_assignment("cuda")


@pytest.fixture(scope="module")
def checks(cuda: Assignment) -> Any:
    return sys.modules["autograder_assignments.cuda.checks"]


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip


# ---- the grader's side -----------------------------------------------------------------------------------


def test_what_is_right_is_a_sum_over_windows_and_its_slope(checks: Any) -> None:
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((2, 3, 4, 6)), rng.standard_normal((5, 3, 2, 2))
    y = checks.correlated(x, weight)
    assert y.shape == (2, 5, 3, 5)
    assert np.isclose(y[1, 4, 2, 3], (x[1, :, 2:4, 3:5] * weight[4]).sum())
    dy = rng.standard_normal(y.shape)
    slope = gradient(lambda x: float(np.vdot(dy, checks.correlated(x, weight))), x)
    assert np.allclose(checks.collected(dy, weight), slope, atol=1e-7)


def test_what_wraps_around_is_what_python_reads_there(checks: Any) -> None:
    rng = np.random.default_rng(0)
    dy, weight = rng.standard_normal((1, 2, 3, 4)), rng.standard_normal((2, 1, 3, 3))
    wrong = np.zeros((1, 1, 5, 6))
    for u, v, f, a, b in np.ndindex(5, 6, 2, 3, 3):
        if u - a < 3 and v - b < 4:
            wrong[0, 0, u, v] += dy[0, f, u - a, v - b] * weight[f, 0, a, b]
    assert np.allclose(checks.collected(dy, weight, wrap=True), wrong)


def test_accesses_have_the_numbers_that_the_harness_gives_them(checks: Any) -> None:
    numbers: dict[str, int] = {}
    for node in ast.parse((FOLDER / "harness.py").read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            names = [ast.unparse(name) for name in node.targets[0].elts]
            numbers |= dict(zip(names, eval(ast.unparse(node.value)), strict=True))
    assert numbers == {kind.name: kind.value for kind in checks.Access}


def test_the_handout_gives_the_points_of_the_assignment(cuda: Assignment) -> None:
    handout = (FOLDER / "README.md").read_text("utf-8")
    points = {m[1]: float(m[2]) for m in re.finditer(r"^\| `([a-z_.]+)` \| (\d+) \|", handout, re.MULTILINE)}
    assert points == {c.id: c.points for c in cuda.config.check}


# ---- in the sandbox --------------------------------------------------------------------------------------


@numba
@pytest.mark.parametrize("tier", TIERS)
def test_the_simulator_runs_in_every_tier_and_the_result_says_so(tier: str, cuda: Assignment) -> None:
    if why := why_not(tier):
        pytest.skip(why)
    answer = read_submission(FOLDER / "solution.py")
    result = check_submission(cuda, answer, only="forward.traffic", tier=tier_named(tier))
    assert [c.status for c in result.checks] == [Status.PASSED], result.checks
    assert result.sandbox == tier
    assert result.environment.items() >= SIMULATED.items()
    assert "numba" in result.environment


@numba
def test_numba_is_there_for_this_assignment_alone(tmp_path: Path, cuda: Assignment) -> None:
    (tmp_path / "assignment.py").write_text("from numba import cuda\n", "utf-8")
    importing = read_submission(tmp_path / "assignment.py")
    cnn = load_assignment("cnn")
    with (
        Session(importing, cnn.config.limits.limits(), tier_named(TIERS[-1]), "", cnn.config.imports) as session,
        pytest.raises(StudentError, match="No module named 'numba'"),
    ):
        session.load()


@numba
def test_a_launch_on_the_graders_simulator_forgives_nothing(tmp_path: Path) -> None:
    """Numba's own reads what is left in memory, and lets threads share more than they do: here both are seen."""
    kernels = """
from numba import cuda, float32

def forward_kernel(tile, size):
    @cuda.jit
    def kernel(x, weight, y):
        a = cuda.shared.array(2, float32); b = cuda.shared.array(2, float32)
        k = cuda.threadIdx.x
        a[k] = 1 + k
        cuda.syncthreads()
        if cuda.threadIdx.y == 0:
            b[k] = a[1 - k]
            y[0, 0, 0, k] = a[k] + 10 * b[k] + 100 * b[1 - k]  # where the other may not have written yet
        x[0, 0, 7, 7]
    return kernel
"""
    (tmp_path / "assignment.py").write_text(kernels, "utf-8")
    shutil.copy(FOLDER / "harness.py", tmp_path)
    program = """
import json, sys
import numpy as np
from numpytorch import Tensor
import harness
told = []
for order in ("in step", "ascending", "descending"):
    launch = harness.Launch("forward", 2, order)
    y, notes = launch(Tensor(np.zeros((1, 1, 2, 2), "f")), Tensor(np.zeros((1, 1, 1, 1), "f")))
    told.append([np.nan_to_num(y, nan=-1)[0, 0].tolist(), sorted(notes[:, 0].tolist())])
print(json.dumps(told))
"""
    done = run(tmp_path, "-c", program, **SIMULATED)
    assert done.returncode == 0, done.stderr
    in_step, ascending, descending = json.loads(done.stdout)
    outside, unwritten, read_early, written_early = 0, 5, 6, 7
    assert in_step == [[[121, 212], [-1, -1]], [outside, read_early]]
    assert ascending == [[[-1, 212], [-1, -1]], [outside, unwritten, read_early, written_early]]
    assert descending == [[[121, -1], [-1, -1]], [outside, unwritten, read_early, written_early]]


# ---- what students run -----------------------------------------------------------------------------------


@numba
@pytest.mark.parametrize(("change", "told"), [("", "agrees"), ("total += ", "differs")], ids=["right", "wrong"])
def test_the_script_compares_and_says_that_a_simulator_takes_no_times(tmp_path: Path, change: str, told: str) -> None:
    shutil.copy(FOLDER / "main.py", tmp_path)
    answer = (FOLDER / "solution.py").read_text("utf-8")
    (tmp_path / "assignment.py").write_text(answer.replace(change, "total = ") if change else answer, "utf-8")
    done = run(tmp_path, "main.py", "--tile", "3", **SIMULATED)
    assert done.returncode == (0 if told == "agrees" else 1), done.stderr
    assert "That takes an NVIDIA GPU" in done.stdout
    assert re.findall(r"(\w+): (\w+) .* NumPy", done.stdout) == [("forward", told), ("grad_input", told)]


def test_the_script_the_stub_and_the_answer_are_typed(tmp_path: Path) -> None:
    names = "main.py", "assignment.py", "solution.py"
    for name in names:
        shutil.copy(FOLDER / name, tmp_path)
    settings = "[mypy]\nstrict = True\n[mypy-tqdm.*]\nignore_missing_imports = True\n"
    (tmp_path / "mypy.ini").write_text(with_untyped(settings, ("numba",)), "utf-8")
    done = run(tmp_path, "-m", "mypy", *names, MYPYPATH="")
    assert done.returncode == 0, done.stdout


@numba
def test_gradescope_installs_numba_too(cuda: Assignment) -> None:
    with zipfile.ZipFile(io.BytesIO(autograder_zip(cuda))) as packed:
        assert f"numba=={version('numba')}" in packed.read("requirements.txt").decode().splitlines()


# ---- without Numba ---------------------------------------------------------------------------------------


def test_where_numba_is_missing_it_is_named_and_nothing_else_is_in_the_way(
    cuda: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assignments, "find_spec", lambda name: None)
    with pytest.raises(assignments.AssignmentError, match=r"cuda: .* Install it: pip install numba$"):
        check_submission(cuda, read_submission(cuda.stub))
    with pytest.raises(assignments.AssignmentError, match="pip install numba"):
        identity("cuda", "process")
    load_assignment("cnn").demand_packages()


def test_without_numba_the_command_says_what_to_install_in_one_line(tmp_path: Path) -> None:
    command = "import sys; sys.modules['numba'] = None; from autograder.cli import main; main()"
    done = run(tmp_path, "-c", command, "check", "cuda", LC_ALL="C.UTF-8")
    assert done.returncode == 2, done.stdout + done.stderr
    told = "autograder: cuda: expected what its hand-ins use to be installed. Install it: pip install numba"
    assert done.stderr.splitlines() == [told]
    assert not done.stdout
