"""How class downloads name things: whose a file is, as plain folders, Canvas, Moodle and Gradescope tell it.

Canvas: `lastfirst_LATE_USER_FILE_name.py`, all in one folder; `LATE_anon_ab12c_FILE_name.py` where grading is
    anonymous; `..._USER_text.html` and `..._USER_link.html` for what is no file. A second upload of a name gets `-1`
    before its suffix. Source: canvas-lms, lib/content_zipper.rb.
Moodle: folders `Full Name_12345_assignsubmission_file` (up to 4.0 with "_" at the end), or, where "download in folders"
    is off, files whose names begin so; `_onlinetext_` for text. Blind marking: `Participant_12345_...`. Source:
    moodle, mod/assign, download_submissions.
Gradescope: see `gradescope`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from autograder.handins.archive import SUFFIXES, is_archive
from autograder.handins.gradescope import MAX_METADATA, METADATA, read_metadata
from autograder.handins.records import Id
from autograder.submission import HAND_IN, SubmissionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from autograder.handins.entry import Entry

_CANVAS = re.compile(r"(?P<who>.*?)(?P<late>_LATE)?_(?P<user>\d+)_(?:(?P<file>\d+)_(?P<name>.+)|(?:text|link)\.html)")
_ANONYMOUS = re.compile(r"(?P<late>LATE_)?(?P<who>anon_[^_]+)_(?:(?P<file>\d+)_(?P<name>.+)|(?:text|link)\.html)")
_AGAIN = re.compile(r"-\d+(?=\.[^-]*\Z)")
_MOODLE = re.compile(r"(?P<who>.+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)(?:_(?P<name>.*)|\.html)?")
_ATTEMPT = re.compile(r"(?:attempt|submission|try)?[ _-]*(\d{1,3})", re.IGNORECASE)
_INSTRUCTORS = (".csv", ".toml", ".xlsx", ".xls", ".ods", ".db", ".sqlite", ".book", ".json", ".log")
"""What lies beside hand-ins in a folder and is none: rosters, settings, gradebooks."""

_WITH_A_BOOK = ("-journal", "-wal", "-shm")
_SQLITE = b"SQLite format 3\0"
"""What SQLite keeps beside a gradebook while it writes, and how one of any name begins."""


@dataclass(frozen=True, slots=True)
class HandIn:
    """One attempt, before it is read: the files of it, their paths beginning where the student's own names do.

    key: who, so that no two students share one; its order is that of the report.
    """

    key: tuple[str, str]
    student: str
    origin: str
    files: tuple[Entry, ...]
    name: str = ""
    ids: Mapping[Id, str] = field(default_factory=dict)
    submitted_at: datetime | None = None
    late: bool = False


def hand_ins(files: Sequence[Entry]) -> list[HandIn]:
    """Return the attempts that lie in a download, each student's in the order in which they were made.

    Raises SubmissionError if Gradescope's metadata cannot be read.
    """
    files = _inner(files)
    metadata = [file for file in files if file.path == (METADATA,)]
    if metadata:
        return _gradescope(files, metadata[0])
    canvas: dict[tuple[str, str], list[tuple[re.Match[str], Entry]]] = defaultdict(list)
    moodle: dict[tuple[str, str], list[tuple[re.Match[str], Entry]]] = defaultdict(list)
    plain: dict[str, list[Entry]] = defaultdict(list)
    for file in files:
        top = file.path[0]
        if found := _canvas(file):
            canvas[found["who"], found.groupdict().get("user", "")].append((found, file))
        elif found := _MOODLE.fullmatch(top):
            moodle[found["who"], found["id"]].append((found, file))
        elif len(file.path) > 1:
            plain[top].append(file)
        elif not _instructors(file):
            plain[_stem(top)].append(file)
    made = [h for group in canvas.values() for h in _of_canvas(group)]
    made += [_of_moodle(group) for group in moodle.values()]
    made += [h for who, group in plain.items() for h in _of_folder(who, group)]
    return made


def _instructors(file: Entry) -> bool:
    """Tell whether a file beside hand-ins is the instructor's: by its name, or a gradebook of any name."""
    if file.name.lower().endswith((*_INSTRUCTORS, *_WITH_A_BOOK)):
        return True
    if file.refusal or file.name.endswith(".py") or is_archive(file.name):
        return False
    try:
        return file.source(len(_SQLITE)) == _SQLITE
    except SubmissionError:
        return False


def _inner(files: Sequence[Entry]) -> Sequence[Entry]:
    """Leave out folders around all of the download, and what systems left there."""
    while True:
        files = [file for file in files if not file.junk or (len(file.path) > 1 and file.path[0][0] not in "._")]
        if len({file.path[0] for file in files}) != 1 or len(files[0].path) == 1 or _belongs_to_one(files):
            return files
        files = [replace(file, path=file.path[1:]) for file in files]


def _belongs_to_one(files: Sequence[Entry]) -> bool:
    """Tell whether the one folder that holds everything is a student's, not the download's."""
    if _MOODLE.fullmatch(files[0].path[0]):
        return True
    inside = [replace(file, path=file.path[1:]) for file in files if not file.junk]
    if any(file.path == (METADATA,) or _canvas(file) or _MOODLE.fullmatch(file.path[0]) for file in inside):
        return False
    named = any(file.path == (HAND_IN,) for file in inside)
    return named or len(inside) <= 1 or all(_ATTEMPT.fullmatch(file.path[0]) for file in inside)


def _canvas(file: Entry) -> re.Match[str] | None:
    if len(file.path) > 1:
        return None
    return _ANONYMOUS.fullmatch(file.name) or _CANVAS.fullmatch(file.name)


def _of_canvas(group: Sequence[tuple[re.Match[str], Entry]]) -> list[HandIn]:
    """Return the attempts of one student: each upload of the same name is one, else all that there is is one."""
    group = sorted(group, key=lambda found: (int(found[0]["file"] or 0), found[1].path))
    files = [(found, replace(file, path=(_AGAIN.sub("", found["name"] or file.name),))) for found, file in group]
    python = [f for f in files if f[1].name.endswith(".py")] or [f for f in files if is_archive(f[1].name)]
    named = [f for f in python if f[1].name.lower() == HAND_IN] or python
    separate = len({f[1].name for f in named}) == 1
    first = group[0][0]
    user = first.groupdict().get("user", "")
    return [
        HandIn(
            ("canvas", f"{first['who']} {user}"),
            first["who"],
            attempt[0][1].origin,
            tuple(file for _found, file in attempt),
            name=first["who"] if user else "",
            ids={Id.CANVAS: user} if user else {},
            late=any(found["late"] for found, _file in attempt),
        )
        for attempt in ([[f] for f in named] if separate else [files])
    ]


def _of_moodle(group: Sequence[tuple[re.Match[str], Entry]]) -> HandIn:
    found = group[0][0]
    files = [
        replace(file, path=((m["name"], *file.path[1:]) if m["name"] else file.path[1:]) or file.path)
        for m, file in group
    ]
    return HandIn(
        ("moodle", f"{found['who']} {found['id']}"),
        found["who"],
        found[0],
        tuple(files),
        name=found["who"],
        ids={Id.MOODLE: found["id"]},
    )


def _of_folder(who: str, group: Sequence[Entry]) -> list[HandIn]:
    """Return the attempts of one student: numbered folders; where there are none, all that there is is one attempt."""
    inside = [replace(file, path=file.path[1:] or file.path) for file in group]
    folders: dict[tuple[int, str], list[Entry]] = defaultdict(list)
    for file in inside:
        if len(file.path) > 1 and (found := _ATTEMPT.fullmatch(file.path[0])):
            folders[int(found[1]), file.path[0]].append(replace(file, path=file.path[1:]))
        elif not file.junk:
            folders.clear()
            break
    attempts = [folders[number] for number in sorted(folders)] or [inside]
    return [HandIn(("plain", who), who, _folder(group, attempt) or who, tuple(attempt)) for attempt in attempts]


def _folder(group: Sequence[Entry], attempt: Sequence[Entry]) -> str:
    """Return where one attempt of a student lies: in a folder, if it is not one file among those of others."""
    if len(group) == len(group[0].path) == 1:
        return group[0].origin
    return "/".join(attempt[0].origin.split("/")[: -len(attempt[0].path)])


def _stem(name: str) -> str:
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name.rpartition(".")[0] or name


def _gradescope(files: Iterable[Entry], metadata: Entry) -> list[HandIn]:
    """Return the attempts of an export: of a group's, one of each member's; a folder of nobody is its own student."""
    folders: dict[str, list[Entry]] = defaultdict(list)
    for file in files:
        if file is not metadata:
            folders[file.path[0]].append(replace(file, path=file.path[1:] or file.path))
    made = []
    for told in read_metadata(metadata.read(MAX_METADATA), metadata.origin):
        found = folders.pop(told.folder, [])
        if not found and not told.current:
            continue  # an earlier submission, which the export tells of but does not hold
        for person in told.submitters:
            who = person.ids.get(Id.EMAIL) or person.ids.get(Id.SID) or person.name or told.folder
            made.append(
                HandIn(
                    ("gradescope", f"{who} {person.ids.get(Id.SID, '')}"),
                    who,
                    told.folder,
                    tuple(found),
                    name=person.name,
                    ids=person.ids,
                    submitted_at=told.submitted_at,
                )
            )
        if not told.submitters:
            made.append(HandIn(("gradescope", told.folder), told.folder, told.folder, tuple(found)))
    return made + [HandIn(("plain", who), who, who, tuple(found)) for who, found in folders.items()]
