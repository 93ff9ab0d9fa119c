"""The folder that a class is published into: what goes on a web server, and what does not.

    public/    index.html, which is blank, so that a server shows no listing; a page a student, named by its token
    private/   published.json, which says whose folder it is; links.csv; exports; the instructor's pages in class/

A file takes the place of another whole or not at all. Pages that are about to be released wait in private/staged/
until the journal has them: whatever stops a release, the next one ends it.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING

import msgspec

from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

BLANK = (
    b'<!doctype html>\n<html lang="en"><meta charset="utf-8"><meta name="robots" content="noindex"><title>-</title>\n'
)

_SCHEMA = "numpytorch/published/1"
_PAGE = re.compile(r"([0-9a-f]{32})\.html")
_EXPORTS = {"gradebook.csv", "gradebook.json", "canvas.csv", "moodle.csv"}
_SYSTEMS = {".DS_Store", "Thumbs.db", "desktop.ini"}
"""What a system leaves in a folder that somebody looked into."""
_PRIVATE = {"published.json", "links.csv", "class", "gradescope", "staged", *_EXPORTS}


class SiteError(ValueError):
    """A folder that cannot be published into."""


class _About(msgspec.Struct, frozen=True):
    schema: str
    assignment: str


class Site:
    """The folder that an assignment is published into."""

    def __init__(self, folder: Path, assignment: str) -> None:
        self.folder = folder
        self.public = folder / "public"
        self.private = folder / "private"
        self._staged = self.private / "staged"
        self._about = _About(_SCHEMA, assignment)

    def check(self, tokens: Collection[str]) -> None:
        """Raise SiteError if anything lies there that is not ours, or is another assignment's; write nothing.

        tokens: of the pages that there may be.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise SiteError(_("{path}: expected a folder to publish into, got a file.", path=self.folder))
        if (self.private / "published.json").exists() and (about := self._read_about()) != self._about:
            raise SiteError(
                _(
                    "{path}: expected a folder of its own for {assignment}, got that of {other}. Name another folder.",
                    path=self.folder,
                    assignment=self._about.assignment,
                    other=about.assignment,
                )
            )
        pages = {"index.html", *(f"{token}.html" for token in tokens)}
        strange = [
            *_others(self.folder, {"public", "private"}),
            *_others(self.public, pages),
            *_others(self.private, _PRIVATE),
            *(p for p in _others(self.private / "gradescope", ()) if p.suffix != ".json"),
        ]
        if strange:
            raise SiteError(
                _(
                    "{path}: expected a folder with nothing in it but what was published there, found {others}. "
                    "Name another folder, or move them away.",
                    path=self.folder,
                    others=", ".join(str(p.relative_to(self.folder)) for p in strange[:5]),
                )
            )

    def begin(self, holding: Mapping[str, str]) -> None:
        """Make the folder, end what an earlier release left unfinished, and make room for this one.

        holding: the SHA-256 of the pages that the journal has, by token.
        """
        self.private.mkdir(parents=True, exist_ok=True)
        self.private.chmod(0o700)
        self.write("published.json", msgspec.json.encode(self._about) + b"\n")
        self.public.mkdir(exist_ok=True)
        write(self.public / "index.html", BLANK)
        self._staged.mkdir(exist_ok=True)
        self._put_in_place(holding)
        for left in [*self._staged.iterdir(), *filter(_leftover, (*self.public.iterdir(), *self.private.iterdir()))]:
            left.unlink()

    def stage(self, token: str, page: bytes) -> None:
        """Keep a page that is about to be released, unless it is there already."""
        there = self.public / f"{token}.html"
        if not there.is_file() or there.read_bytes() != page:
            (self._staged / there.name).write_bytes(page)

    def release(self, holding: Mapping[str, str]) -> list[str]:
        """Let the pages that the journal has, and no others, be there. Return the tokens of those that are lost."""
        self._put_in_place(holding)
        for page in self._pages():
            if page.stem not in holding:
                page.unlink()
        self._staged.rmdir()
        return [token for token, sha256 in holding.items() if _sha256(self.public / f"{token}.html") != sha256]

    def write(self, name: str, content: bytes) -> None:
        """Write a file into private/."""
        path = self.private / name
        path.parent.mkdir(exist_ok=True)
        write(path, content)

    def keep_only(self, names: Collection[str]) -> None:
        """Take away the exports of an earlier release that this one has not got: they say what is no longer so."""
        folder = self.private / "gradescope"
        for path in [*(self.private / name for name in _EXPORTS), *folder.glob("*.json")]:
            if path.relative_to(self.private).as_posix() not in names:
                path.unlink(missing_ok=True)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()

    def _put_in_place(self, holding: Mapping[str, str]) -> None:
        for token, sha256 in holding.items():
            staged = self._staged / f"{token}.html"
            if _sha256(staged) == sha256:
                staged.replace(self.public / staged.name)

    def _pages(self) -> Iterator[Path]:
        yield from (p for p in self.public.iterdir() if _PAGE.fullmatch(p.name))

    def _read_about(self) -> _About:
        try:
            return msgspec.json.decode((self.private / "published.json").read_bytes(), type=_About)
        except msgspec.DecodeError as error:
            raise SiteError(
                _("{path}: expected what publish writes, got something else.", path=self.private / "published.json")
            ) from error


def write(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all, unless it is there as it is to be."""
    if path.is_file() and path.read_bytes() == content:
        return
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    unfinished.write_bytes(content)
    unfinished.replace(path)


def _others(folder: Path, names: Iterable[str]) -> list[Path]:
    """List what lies in a folder and has none of these names; not what we left unfinished, nor what systems leave."""
    known = {*names, *_SYSTEMS}
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(p for p in found if p.name not in known and not _leftover(p))


def _leftover(path: Path) -> bool:
    """Whether it is a file that was not finished."""
    return re.fullmatch(r".+\.\d+\.tmp", path.name) is not None


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
