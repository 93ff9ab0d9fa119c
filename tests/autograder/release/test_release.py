"""`autograder release`, from the command to a student who has installed the kit, and the gate between the two."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from autograder.assignment import Assignment, load_assignment
from autograder.release.gate import Gate
from autograder.release.install import MANIFEST, install
from autograder.release.kit import ROOT, ReleaseError, make_kit
from autograder.runner import check_submission
from autograder.sandbox.kit import UNRELEASED
from autograder.submission import read_submission
from tests.autograder.test_cli import autograder
from tests.docs.test_checks_page import FILES


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kit of the engine, which has checks that are withheld."""
    folder = tmp_path_factory.mktemp("released") / "kit"
    done = autograder("release", "autograd", "--to", str(folder), "--jobs", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    told = " ".join(done.stdout.split())
    assert "autograd: the model answer gets 88 of 88 points and the stub 0" in told
    assert "28 of 33 checks ran" in told
    assert "Not run: what trains a model, the bank, the hostile hand-ins" in told
    return folder


@pytest.fixture(scope="module")
def python(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python in an environment of its own, with the kit, and with the packages that the tests have."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home)
    paths = sysconfig.get_paths(sysconfig.get_preferred_scheme("prefix"), {"base": str(home), "platbase": str(home)})
    (Path(paths["purelib"]) / "outer.pth").write_text(sysconfig.get_paths()["purelib"], "utf-8")
    found = Path(paths["scripts"]) / ("python.exe" if sys.platform == "win32" else "python")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", str(found), "install"]
    options = ["--no-deps", "--no-build-isolation", "--force-reinstall"]
    subprocess.run([*pip, *options, "-c", "constraints.txt", "."], cwd=released, check=True, timeout=120)
    return found


def run(python: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | {"LC_ALL": "C.UTF-8"}
    return subprocess.run(
        [str(python), *arguments], capture_output=True, text=True, encoding="utf-8", cwd=cwd, timeout=120, check=False,
        env=environment,
    )  # fmt: skip


def test_the_stub_gets_0_points_and_a_kind_word(python: Path, released: Path) -> None:
    done = run(python.with_name("autograder"), "check", "autograd", "assignments/autograd/assignment.py", cwd=released)
    assert done.returncode == 1, done.stdout + done.stderr
    told = " ".join(done.stdout.split())
    assert "Nothing is written yet, so there are no points yet: this is where everyone starts." in told
    assert "Score: 0 of 88 12 more points are given by checks that run once you hand in." in told


def test_the_model_answer_scores_in_the_kit_as_in_the_source_tree(python: Path, released: Path, tmp_path: Path) -> None:
    file = tmp_path / "assignment.py"
    shutil.copy(ROOT / "assignments" / "autograd" / "solution.py", file)
    done = run(python.with_name("autograder"), "check", "autograd", str(file), "--json", "kit.json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    kit = json.loads((tmp_path / "kit.json").read_text("utf-8"))
    source = check_submission(load_assignment("autograd"), read_submission(file))
    told = {c["id"]: (c["status"], c["score"], c["max_score"], c["message"]) for c in kit["checks"]}
    expected = {c.id: (c.status, c.score, c.max_score, c.message) for c in source.checks}
    assert len(told) == 28
    assert told == {i: verdict for i, verdict in expected.items() if not i.startswith("questions.")}


def test_nothing_withheld_can_be_imported_and_all_comes_from_the_kit(python: Path, tmp_path: Path) -> None:
    program = f"""
import importlib, sys
import autograder, numpytorch
print(autograder.__file__, numpytorch.__file__)
sys.path.insert(0, autograder.__file__.replace("__init__.py", "_assignments/autograd"))
for name in {[*UNRELEASED, "solution", "answers", "withheld_checks", "autograder.locale.update"]!r}:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        continue
    print("imported", name)
"""
    done = run(python, "-c", program, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "imported" not in done.stdout
    assert done.stdout.count(str(python.parents[1])) == 2


def test_an_installed_kit_is_none_to_release_from(python: Path, released: Path, tmp_path: Path) -> None:
    done = run(python.with_name("autograder"), "release", "autograd", "--to", str(tmp_path / "kit"), cwd=released)
    assert done.returncode == 2
    assert "Release from a clone of the repository" in " ".join(done.stderr.split())
    assert not (tmp_path / "kit").exists()


def test_a_folder_of_something_else_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    done = autograder("release", "cnn", "--to", str(tmp_path))
    assert done.returncode == 2
    assert f"with its {MANIFEST}" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert [f.name for f in tmp_path.iterdir()] == ["thesis.tex"]


# ---- on the small assignment of docs/checks.md, with a sample of its bank -----------------------------------------


@pytest.fixture(scope="module")
def scale(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    root = tmp_path_factory.mktemp("assignments")
    (root / "scale").mkdir()
    for name, text in FILES.items():
        (root / name).write_text(text, "utf-8")
    bank = root / "scale" / "bank.toml"
    bank.write_text("[[wrong]]".join(bank.read_text("utf-8").split("[[wrong]]")[:3]), "utf-8")
    return load_assignment(str(root / "scale"))


@pytest.fixture
def kit(scale: Assignment, tmp_path: Path) -> Path:
    (tmp_path / "kit").mkdir()
    make_kit([scale], tmp_path / "kit")
    return tmp_path / "kit"


def test_a_second_release_writes_nothing_and_leaves_the_students_file(scale: Assignment, kit: Path) -> None:
    folder = kit.with_name("released")
    install(kit, folder)
    stub = folder / "assignments" / "scale" / "assignment.py"
    stub.write_text("done", "utf-8")
    done = autograder("release", str(scale.folder), "--to", str(folder), "--jobs", "1")
    assert done.returncode == 0, done.stderr
    assert stub.read_text("utf-8") == "done"
    told = " ".join(done.stdout.split())
    assert "scale: the model answer gets 100 of 100 points and the stub 0" in told
    assert " 0 of them written now" in told
    assert "changed there: assignments/scale/assignment.py." in told


def gate(kit: Path, told: list[str]) -> Gate:
    return Gate(kit, ROOT, full=False, jobs=1, say=told.append)


POINTS = 'points = {}\n\n[[check]]\nid = "scale.grad_input"\npoints = {}'


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("assignments/scale/checks.py", '* parameters["scale"]', "", r"answer, scale\.forward: passes; failed"),
        ("assignments/scale/assignment.toml", POINTS.format(20, 15), POINTS.format(15, 20), "forward: .*passed"),
        ("autograder/checks/layer.py", "import annotations\n", "import annotations\nraise OSError('lost')\n", "lost"),
    ],
)  # fmt: skip
def test_a_kit_that_judges_otherwise_is_refused(
    file: str, old: str, new: str, said: str, kit: Path, scale: Assignment
) -> None:
    text = (kit / file).read_text("utf-8")
    assert old in text
    (kit / file).write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ReleaseError, match=said):
        gate(kit, []).let_pass([scale])


def test_a_kit_that_gives_something_away_is_refused(kit: Path, scale: Assignment) -> None:
    (kit / "numpytorch" / "scale.py").write_text(FILES["scale/solution.py"], "utf-8")
    with pytest.raises(
        ReleaseError, match=r"give away numpytorch/scale\.py: \d+ lines of assignments/scale/solution\.py"
    ):
        gate(kit, []).gives_nothing_away([scale])


def test_a_bank_comes_out_in_the_kit_as_in_the_source(kit: Path, scale: Assignment) -> None:
    told: list[str] = []
    gate(kit, told).judges_bank(scale)
    assert told == ["scale: 4 hand-ins of its bank come out as declared, in the kit and in the source tree."]
    assert not [f for f in kit.rglob("*") if f.name == "__pycache__"]
