"""A kit: what students get, made from a source tree. What is not named here is not in it.

README.md, README.ko.md          two commands, and what is where
assignments/NAME/                handouts, stub, checks, training script, mypy.ini
numpytorch/, autograder/, data/  the library without what is withheld, the grader, the digits with their licence
pyproject.toml, constraints.txt  what pip needs
"""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise
from pathlib import Path, PurePath
from string import Template
from typing import TYPE_CHECKING

from autograder.assignment import CHECKS, WITHHELD_CHECKS, AssignmentError
from autograder.checks.types import with_untyped
from autograder.release.stub import ANSWER, stub_of
from autograder.sandbox.kit import UNRELEASED, sources
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from autograder.assignment import Assignment

ROOT = Path(__file__).resolve().parents[2]
"""The source tree that this file is part of."""

PACKAGES = ("numpytorch", "autograder")
NEVER = frozenset({ANSWER, f"{WITHHELD_CHECKS}.py"})
"""What no kit has of an assignment's folder, whatever its settings say."""

_TEMPLATES = Path(__file__).with_name("templates")
_DIGITS = "data/mnist"
_SUMS = f"{_DIGITS}/SHA256SUMS"
_ROOT_FILES = ("LICENSE", "constraints.txt", ".gitignore", "data/README.md", "data/make_subset.py", _SUMS)
_WHEEL = "tool.hatch.build.targets.wheel"
_TABLES = frozenset({"[build-system]", "[project]", "[project.scripts]", f"[{_WHEEL}]", f"[{_WHEEL}.force-include]"})
"""What a kit has of pyproject.toml."""

_HANDED_OUT = ("README*.md", f"{CHECKS}.py", "harness.py", "main.py")
"""What a kit has of an assignment's folder where it is there, besides the settings, the stub and `released`."""

_BESIDE_SOURCES = frozenset({".css", ".html", ".js", ".typed"})
_TABLE = re.compile(r"^(?:#[^\n]*\n)*\[[^\n]*", re.MULTILINE)


class ReleaseError(AssignmentError):
    """A kit that cannot be made, or must not be."""


def make_kit(assignments: Sequence[Assignment], folder: Path, *, github: bool = False, root: Path = ROOT) -> None:
    """Write the kit of some assignments to an empty folder: the same bytes from the same sources.

    github: whether a workflow of GitHub Actions runs the checks. Raises ReleaseError where something is missing, or
    stands where it would be handed out and must not be.
    """
    if missing := [name for name in (*_ROOT_FILES, "pyproject.toml") if not (root / name).is_file()]:
        raise ReleaseError(
            _(
                "release: expected a source tree, with {missing}, at {root}. Release from a clone of the repository: "
                "an installed package has not all of it.",
                missing=", ".join(missing),
                root=root,
            )
        )
    files = {name: (root / name).read_bytes() for name in _ROOT_FILES}
    digits = [line.split()[-1] for line in (root / _SUMS).read_text("utf-8").splitlines()]
    files |= {f"{_DIGITS}/{name}": (root / _DIGITS / name).read_bytes() for name in digits}
    files["pyproject.toml"] = _some_tables((root / "pyproject.toml").read_text("utf-8")).encode()
    for package in PACKAGES:
        files |= _of_package(root / package)
    for assignment in assignments:
        files |= {f"assignments/{assignment.name}/{name}": text for name, text in _of_assignment(assignment)}
    files |= {name: text.encode() for name, text in _from_templates(assignments, github)}
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    _write_catalogues(folder, root)


def _of_package(package: Path) -> dict[str, bytes]:
    files = sources(package, (*UNRELEASED, "autograder.locale.update"))
    beside = [f for f in package.rglob("*") if f.suffix in _BESIDE_SOURCES]
    return files | {file.relative_to(package.parent).as_posix(): file.read_bytes() for file in beside}


def _of_assignment(assignment: Assignment) -> Iterator[tuple[str, bytes]]:
    folder, config = assignment.folder, assignment.config
    answer = folder / ANSWER
    if not answer.is_file():
        raise ReleaseError(
            _("{folder}: expected a model answer, {name}, to make the stub of, found none.", folder=folder, name=ANSWER)
        )
    stub = stub_of(answer.read_text("utf-8"), str(answer))
    if assignment.stub.read_text("utf-8") != stub:
        raise ReleaseError(
            _(
                "{stub}: expected what the markers in {answer} make of it, got something else. Mark what students are "
                "to write, and run: python -m autograder.release.stub {name}",
                stub=assignment.stub,
                answer=ANSWER,
                name=assignment.name,
            )
        )
    yield "assignment.py", stub.encode()
    yield "assignment.toml", _settings(assignment).encode()
    for pattern in (*_HANDED_OUT, *config.released):
        path = PurePath(pattern)
        is_inside = bool(path.parts) and ".." not in path.parts and not path.is_absolute()
        found = sorted(f for f in folder.glob(pattern) if f.is_file()) if is_inside else []
        if pattern in config.released and (not found or any(file.name in NEVER for file in found)):
            raise ReleaseError(
                _(
                    "{folder}: `released` in assignment.toml: expected files that are there, and none of {never}, got "
                    "{pattern!r}.",
                    folder=folder,
                    never=", ".join(sorted(NEVER)),
                    pattern=pattern,
                )
            )
        yield from ((file.relative_to(folder).as_posix(), file.read_bytes()) for file in found)


def _settings(assignment: Assignment) -> str:
    """Return assignment.toml without the checks that a kit does not have, and with what their points come to."""
    text, gone = (assignment.folder / "assignment.toml").read_text("utf-8"), assignment.withheld
    if visible := [c.id for c in assignment.config.check if c.visibility == "hidden" and c.id not in gone]:
        raise ReleaseError(
            _(
                "{folder}: expected hidden checks in {file}, which is not released, got {ids} in another file.",
                folder=assignment.folder,
                file=f"{WITHHELD_CHECKS}.py",
                ids=", ".join(visible),
            )
        )
    if not gone:
        return text
    points = sum(c.points for c in assignment.config.check if c.id in gone)
    first, *tables = _tables(text)
    kept = [t for t in tables if not {c["id"] for c in tomllib.loads(t).get("check", ())} & gone]
    return "".join((f"withheld_points = {points:g}  # of checks that run once you hand in\n\n", first, *kept))


def _some_tables(text: str) -> str:
    """Return what a kit has of pyproject.toml."""
    return "".join(table for table in _tables(text) if _TABLES & set(table.splitlines()))


def _tables(text: str) -> list[str]:
    """Cut TOML before each table, and before the comment that stands on it; the first part is what is in none."""
    cuts = [0, *(found.start() for found in _TABLE.finditer(text)), len(text)]
    return [text[a:b] for a, b in pairwise(cuts)]


def _from_templates(assignments: Sequence[Assignment], github: bool) -> Iterator[tuple[str, str]]:
    names = [a.name for a in assignments]
    part = assignments[0].config.check[0].id.partition(".")[0]
    values = {"first": names[0], "part": f"{part}.*", "names": ", ".join(names)}
    for readme in ("README.md", "README.ko.md"):
        rows = "\n".join(_row(a, readme) for a in assignments)
        yield readme, _template(readme, assignments=rows, **values)
    for a in assignments:
        scripts = [f for f in ("main.py",) if (a.folder / f).is_file()]
        files = ", ".join(["assignment.py", *scripts])
        yield f"assignments/{a.name}/mypy.ini", with_untyped(_template("mypy.ini", files=files), a.config.packages)
    if github:
        packages = sorted({f" {name}" for a in assignments for name in a.config.packages})
        yield ".github/workflows/check.yml", _template("check.yml", packages="".join(packages), **values)


def _template(name: str, **values: str) -> str:
    return Template((_TEMPLATES / name).read_text("utf-8")).substitute(values)


def _row(assignment: Assignment, readme: str) -> str:
    """Return an assignment's line of a README: its name and handout, and the points that are checked here."""
    handout = assignment.folder / readme
    title = assignment.config.title
    if handout.is_file():
        heading = handout.read_text("utf-8").partition("\n")[0].removeprefix("# ")
        title = f"[{heading}](assignments/{assignment.name}/{readme})"
    here = sum(c.points for c in assignment.config.check if c.id not in assignment.withheld)
    return f"| `{assignment.name}` | {title} | `assignments/{assignment.name}/assignment.py` | {here:g} |"


def _write_catalogues(folder: Path, root: Path) -> None:
    """Write the translations of the texts that are in the kit: those of hidden checks stay here."""
    try:
        from autograder.locale import update
    except ImportError as error:
        raise ReleaseError(
            _("release: expected the package {name}, which writes catalogues. Install it.", name=error.name)
        ) from error
    wanted = update.texts(folder)
    for language, source in ((po.parents[1].name, po) for po in sorted((root / "autograder/locale").rglob("*.po"))):
        content = update.mo(update.merged(wanted, update.read(source)), language)
        file = folder / source.relative_to(root).with_suffix(".mo")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
