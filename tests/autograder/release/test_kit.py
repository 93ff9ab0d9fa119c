"""A kit holds what students need, and nothing of what they are to find out for themselves."""

from __future__ import annotations

import ast
import configparser
import gzip
import re
import shutil
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import yaml

from autograder.assignment import Assignment, assignment_names, load_assignment
from autograder.release import kit as kits
from autograder.release.kit import ROOT, ReleaseError, make_kit
from autograder.release.leaks import leaks
from autograder.release.stub import ANSWER
from tests.docs.test_checks_page import FILES

NAMES = assignment_names()
SECRETS = (
    "cnn/solution.py",
    "rnn/solution.py",
    "cuda/solution.py",
    "autograd/answers.py",
    "autograd/RUBRIC.md",
    "autograd/withheld_checks.py",
)
NEVER = {Path(name).name for name in SECRETS} | {"bank.toml", "people.toml", "update.py", "kernels", "__pycache__"}
OF_THE_LIBRARY = {"f_d", "out_length", "count_consumers"}
"""What model answers define as the library and the judge do, which students may read."""


@pytest.fixture(scope="module")
def assignments() -> list[Assignment]:
    return [load_assignment(name) for name in NAMES]


@pytest.fixture(scope="module")
def kit(assignments: list[Assignment], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kit")
    make_kit(assignments, folder, github=True)
    return folder


@pytest.fixture
def scale(tmp_path: Path) -> Path:
    """The folder of a small assignment."""
    (tmp_path / "scale").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path / "scale"


def contents(kit: Path) -> dict[str, bytes]:
    """Return what every file holds, unpacked."""
    found = {f.relative_to(kit).as_posix(): f.read_bytes() for f in kit.rglob("*") if f.is_file()}
    return {name: gzip.decompress(data) if name.endswith(".gz") else data for name, data in found.items()}


def test_it_holds_files_of_known_kinds_and_no_history_archive_or_byte_code(kit: Path) -> None:
    kinds = {
        f.suffix if f.suffix else f.name for f in kit.rglob("*") if f.is_file() and "data/mnist" not in f.as_posix()
    }
    assert kinds <= {
        ".css", ".gitignore", ".html", ".ini", ".js", ".md", ".mo", ".py", ".toml", ".txt", ".typed", ".yml", "LICENSE",
    }  # fmt: skip
    folders = {f.relative_to(kit).parts[0] for f in kit.rglob("*") if f.is_dir()}
    assert folders == {".github", "assignments", "autograder", "data", "numpytorch"}
    assert not [f for f in kit.rglob("*") if f.name in NEVER]


def test_nothing_is_defined_in_it_that_only_model_answers_define(kit: Path, assignments: list[Assignment]) -> None:
    def defined(source: str) -> set[str]:
        return {n.name for n in ast.walk(ast.parse(source)) if isinstance(n, ast.ClassDef | ast.FunctionDef)}

    everything = set().union(*(defined(f.read_text("utf-8")) for f in kit.rglob("*.py")))
    for a in assignments:
        answer = defined((a.folder / ANSWER).read_text("utf-8")) - defined(a.stub.read_text("utf-8"))
        assert not answer & everything - OF_THE_LIBRARY


def test_no_line_of_a_secret_is_in_it(kit: Path, assignments: list[Assignment]) -> None:
    assert not leaks(kit, assignments, ROOT)


def test_the_layers_that_assignments_ask_for_are_not_in_its_library(kit: Path) -> None:
    layers = (kit / "numpytorch/nn/__init__.py").read_text("utf-8")
    assert "Linear as Linear" in layers
    assert not re.search(r"Conv2d|Pool2d|withheld", layers)
    assert "Conv2d as Conv2d  # withheld" in (ROOT / "numpytorch/nn/__init__.py").read_text("utf-8")
    assert not [name for name in contents(kit) if re.search(r"numpytorch/(kernels|nn/(conv|pool))", name)]


def test_no_withheld_check_is_in_it_by_id_title_or_words_in_any_language(
    kit: Path, assignments: list[Assignment]
) -> None:
    ids = {i for a in assignments for i in a.withheld}
    assert ids >= {"questions.leaves", "questions.node"}
    titles = {c.title for a in assignments for c, _settings in a.checks if c.id in a.withheld}
    words = {"The engine says something else than", "README.md, part 5, asks the questions."}
    for name, content in contents(kit).items():
        found = {text for text in titles | words if text.encode() in content}
        if not name.endswith("README.md") and not name.endswith("README.ko.md"):  # a handout says what points are for
            found |= {i for i in ids if i.encode() in content}
        assert not found, name


@pytest.mark.parametrize("packed", [False, True], ids=["as text", "packed"])
def test_every_secret_that_gets_into_it_is_found(packed: bool, kit: Path, assignments: list[Assignment]) -> None:
    places = {f"numpytorch/nn/notes_{i}" + (".gz" if packed else ".py"): secret for i, secret in enumerate(SECRETS)}
    for place, secret in places.items():
        part = "\n".join((ROOT / "assignments" / secret).read_text("utf-8").splitlines()[:60]).encode()
        (kit / place).write_bytes(gzip.compress(part) if packed else part)
    try:
        found = leaks(kit, assignments, ROOT)
    finally:
        for place in places:
            (kit / place).unlink()
    for place, secret in places.items():
        assert any(text.startswith(place) and f"lines of assignments/{secret}" in text for text in found), secret


def test_the_same_sources_make_the_same_bytes(kit: Path, assignments: list[Assignment], tmp_path: Path) -> None:
    make_kit(assignments, tmp_path, github=True)
    assert contents(tmp_path) == contents(kit)


def test_withheld_modules_are_not_in_it_and_a_line_of_one_is_found(tmp_path: Path) -> None:
    root, folder = tmp_path / "root", tmp_path / "kit"
    folder.mkdir()
    for name in ("numpytorch", "autograder", "data"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("LICENSE", "constraints.txt", ".gitignore", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    (root / "data/mnist/my notes").write_text("", "utf-8")
    secret = "".join(f"columns_{i} = unfold_all_windows(images, {i})\n" for i in range(9))
    for name in ("nn/conv.py", "nn/recurrent.py", "kernels/__init__.py", "kernels/cuda/pool.py"):
        (root / "numpytorch" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "numpytorch" / name).write_text(secret, "utf-8")
    cnn = load_assignment("cnn")
    make_kit([cnn], folder, root=root)
    assert not [f for f in (folder / "numpytorch").rglob("*") if f.name in ("conv.py", "recurrent.py", "kernels")]
    assert not leaks(folder, [cnn], root)
    assert not (folder / ".github").exists()
    assert {f.name for f in (folder / "data/mnist").iterdir()} == {f.name for f in (ROOT / "data/mnist").iterdir()}
    (folder / "numpytorch" / "nn" / "linear.py").write_text(secret, "utf-8")
    assert any("of numpytorch/kernels/cuda/pool.py" in text for text in leaks(folder, [cnn], root))


def test_an_assignment_has_what_students_need(kit: Path) -> None:
    needed = {"README.md", "README.ko.md", "assignment.py", "assignment.toml", "checks.py", "main.py", "mypy.ini"}
    more = {"autograd": {"WRITTEN.md", "WRITTEN.ko.md", "harness.py"}, "cuda": {"harness.py"}, "rnn": {"warmup.py"}}
    for name in NAMES:
        assert {f.name for f in (kit / "assignments" / name).iterdir()} == needed | more.get(name, set())


def test_the_settings_are_those_of_the_source_but_for_what_is_withheld(
    kit: Path, assignments: list[Assignment]
) -> None:
    for a in assignments:
        source = tomllib.loads((a.folder / "assignment.toml").read_text("utf-8"))
        released = tomllib.loads((kit / "assignments" / a.name / "assignment.toml").read_text("utf-8"))
        gone = [c for c in source["check"] if c["id"] in a.withheld]
        source["check"] = [c for c in source["check"] if c["id"] not in a.withheld]
        assert released.pop("withheld_points", 0) == sum(c["points"] for c in gone)
        assert released == source


def test_pip_gets_what_the_source_tree_gives_it_without_the_tools(kit: Path) -> None:
    source, released = (tomllib.loads((f / "pyproject.toml").read_text("utf-8")) for f in (ROOT, kit))
    del source["project"]["optional-dependencies"]
    assert released["project"] == source["project"]
    assert released["build-system"] == source["build-system"]
    assert released["tool"] == {
        "hatch": {"build": {"targets": {"wheel": source["tool"]["hatch"]["build"]["targets"]["wheel"]}}}
    }
    for name in ("LICENSE", "constraints.txt", "data/README.md", "data/mnist/SHA256SUMS"):
        assert (kit / name).read_bytes() == (ROOT / name).read_bytes()


def test_its_readmes_say_the_same_in_both_languages(kit: Path) -> None:
    english, korean = ((kit / name).read_text("utf-8") for name in ("README.md", "README.ko.md"))
    for pattern in (r"^(#+ |\||```\w*)", r"^```.*?^```", r"`[^`\n]+`"):
        found = [re.findall(pattern, text, re.MULTILINE | re.DOTALL) for text in (english, korean)]
        assert sorted(found[0]) == sorted(found[1]), pattern
    for link in re.findall(r"\]\(([^)]+)\)", english + korean):
        assert (kit / link).is_file(), link


def test_mypy_is_set_up_in_each_assignment_as_the_check_has_it(kit: Path) -> None:
    for name in NAMES:
        settings = configparser.ConfigParser()
        settings.read(kit / "assignments" / name / "mypy.ini")
        assert settings.getboolean("mypy", "strict")
        assert settings["mypy"]["files"] == "assignment.py, main.py"
        untyped = name == "cuda"  # all of Numba is Any there
        assert settings.has_section("mypy-numba.*") is untyped
        assert settings.getboolean("mypy", "disallow_untyped_decorators", fallback=True) is not untyped


def test_the_workflow_checks_each_assignment(kit: Path) -> None:
    job = yaml.safe_load((kit / ".github/workflows/check.yml").read_text("utf-8"))["jobs"]["check"]
    assert job["strategy"]["matrix"]["assignment"] == NAMES
    assert [step["run"] for step in job["steps"] if "run" in step] == [
        "pip install -c constraints.txt -e . numba",
        "autograder check ${{ matrix.assignment }} --github",
    ]


def test_hidden_checks_are_left_out_with_their_comment_and_their_points_are_told(scale: Path, tmp_path: Path) -> None:
    checks, settings = (scale / "checks.py").read_text("utf-8"), (scale / "assignment.toml").read_text("utf-8")
    cut = checks.index('@check("softplus.large")'), checks.index('@check("policy")')
    (scale / "checks.py").write_text(checks[: cut[0]] + checks[cut[1] :], "utf-8")
    (scale / "withheld_checks.py").write_text(
        "import numpy as np\n\nfrom autograder.checks import Cause, Failed, Grader, Passed, check\n\n\n"
        + checks[cut[0] : cut[1]],
        "utf-8",
    )
    start = '[[check]]\nid = "softplus.large"\n'
    (scale / "assignment.toml").write_text(
        settings.replace(start, f'# Nobody shall know.\n{start}visibility = "hidden"\n'), "utf-8"
    )
    (tmp_path / "kit").mkdir()
    make_kit([load_assignment(str(scale))], tmp_path / "kit")
    released = load_assignment(str(tmp_path / "kit/assignments/scale"))
    assert sum(c.points for c in released.config.check) == 90
    assert released.config.withheld_points == 10
    text = (tmp_path / "kit/assignments/scale/assignment.toml").read_text("utf-8")
    assert "Nobody" not in text
    assert "# an empty file imports nothing either" in text
    assert "| `scale` | Scale and softplus | `assignments/scale/assignment.py` | 90 |" in (
        tmp_path / "kit/README.md"
    ).read_text("utf-8")


def test_a_hidden_check_among_the_public_ones_is_refused(scale: Path, tmp_path: Path) -> None:
    file = scale / "assignment.toml"
    start = 'id = "softplus.large"\n'
    file.write_text(file.read_text("utf-8").replace(start, f'{start}visibility = "hidden"\n'), "utf-8")
    with pytest.raises(ReleaseError, match=r"expected hidden checks in withheld_checks\.py.*got softplus\.large"):
        make_kit([load_assignment(str(scale))], tmp_path)


def test_a_stub_that_its_answer_does_not_make_is_refused(scale: Path, tmp_path: Path) -> None:
    (scale / ANSWER).write_text("A = 1\n", "utf-8")  # without markers: it would be handed out whole
    with pytest.raises(ReleaseError, match="expected what the markers in"):
        make_kit([load_assignment(str(scale))], tmp_path)


@pytest.mark.parametrize("pattern", [ANSWER, "*.py", "no_such_file.md", "../scale/README.md", "/etc/hostname", "."])
def test_settings_that_would_release_an_answer_or_nothing_are_refused(
    pattern: str, scale: Path, tmp_path: Path
) -> None:
    a = load_assignment(str(scale))
    a = replace(a, config=msgspec.structs.replace(a.config, released=(pattern,)))
    with pytest.raises(ReleaseError, match="`released` in"):
        make_kit([a], tmp_path)


def test_an_assignment_without_a_model_answer_is_none_to_release(scale: Path, tmp_path: Path) -> None:
    (scale / ANSWER).unlink()
    with pytest.raises(ReleaseError, match="expected a model answer"):
        make_kit([load_assignment(str(scale))], tmp_path)


def test_an_installed_package_is_no_source_tree(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="Release from a clone of the repository"):
        make_kit([load_assignment("cnn")], tmp_path, root=tmp_path)


def test_catalogues_need_a_package_and_it_is_named(
    scale: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "autograder.locale.update", None)
    monkeypatch.delattr("autograder.locale.update", raising=False)
    with pytest.raises(ReleaseError, match="expected the package"):
        kits._write_catalogues(tmp_path, ROOT)
