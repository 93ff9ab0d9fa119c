"""Gradescope's export: folders named `submission_12345`, and a YAML file that says whose and of when they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import yaml

from autograder.handins.entry import printable
from autograder.handins.records import Id
from autograder.submission import SubmissionError
from autograder.words import _

if TYPE_CHECKING:
    from collections.abc import Mapping

METADATA = "submission_metadata.yml"
MAX_METADATA = 256 << 20

_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""Reads text only: nothing is constructed, whatever its tag says, and 0123 stays the student number that it is."""

_DEEPEST = 60  # what an autograder's results may hold; libyaml takes time quadratic in the depth
_LARGEST_GROUP = 100
_NOTHING = {"", "~", "null"}


@dataclass(frozen=True, slots=True)
class Submitter:
    """One person of those who handed it in together."""

    name: str
    ids: Mapping[Id, str]


@dataclass(frozen=True, slots=True)
class Submitted:
    """One submission of the export: the folder it lies in, by whom, and when. `current`: it counts at Gradescope."""

    folder: str
    submitters: tuple[Submitter, ...]
    submitted_at: datetime | None
    current: bool


def read_metadata(content: bytes, origin: str) -> list[Submitted]:
    """Return what the file tells, earlier submissions (`:history:`) included, in its order. Raises SubmissionError."""
    try:
        return _submissions(_loaded(content))
    except yaml.YAMLError as error:
        why = " ".join(str(error).split())
    except ValueError as error:
        why = str(error)
    raise SubmissionError(
        _("{path}: expected what Gradescope exports, got something else ({why}).", path=origin, why=printable(why))
    )


def _submissions(document: object) -> list[Submitted]:
    found = []
    for folder, told in _mapping(document, "the file").items():
        about = _mapping(told, folder)
        people = _list(about.get(":submitters", ""), f"{folder}: :submitters")
        if len(people) > _LARGEST_GROUP:
            raise ValueError(f"{folder}: more than {_LARGEST_GROUP} submitters")
        submitters = tuple(_submitter(_mapping(person, f"{folder}: :submitters")) for person in people)
        for past in _list(about.get(":history", ""), f"{folder}: :history"):
            before = _mapping(past, f"{folder}: :history")
            if (number := _text(before, ":id")).isdecimal():
                found.append(Submitted(f"submission_{number}", submitters, _time(before), current=False))
        found.append(Submitted(printable(folder), submitters, _time(about), current=True))
    return found


def _submitter(person: Mapping[str, object]) -> Submitter:
    told = {Id.EMAIL: _text(person, ":email").lower(), Id.SID: _text(person, ":sid")}
    return Submitter(_text(person, ":name"), {kind: value for kind, value in told.items() if value})


def _time(about: Mapping[str, object]) -> datetime | None:
    """Return the time of a submission, as Ruby writes it: `2026-04-26 17:34:00.861687000 Z`."""
    text = _text(about, ":created_at").replace(" Z", "Z").replace(" +", "+").replace(" -", "-")
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)  # YAML's default is UTC


def _text(about: Mapping[str, object], key: str) -> str:
    value = about.get(key)
    return printable(value.strip()) if isinstance(value, str) and value not in _NOTHING else ""


def _mapping(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ValueError(f"{where}: expected a mapping")  # noqa: TRY004 (bad input, not a wrong argument)
    return value


def _list(value: object, where: str) -> list[object]:
    if isinstance(value, str) and value in _NOTHING:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{where}: expected a list")  # noqa: TRY004 (bad input, not a wrong argument)
    return value


def _loaded(content: bytes) -> object:
    """Return the document as lists, mappings and text. Aliases share what they stand for, so none is a bomb.

    Written over the parser's events, which come one by one: `yaml.load` takes a C stack frame for each level, and
    twelve times as long.
    """
    anchors: dict[str, object] = {}
    levels: list[tuple[yaml.CollectionStartEvent | None, list[object]]] = [(None, [])]
    for event in yaml.parse(content, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            levels.append((event, []))
            if len(levels) > _DEEPEST:
                raise ValueError(f"nested deeper than {_DEEPEST}")
        elif isinstance(event, yaml.CollectionEndEvent):
            start, inside = levels.pop()
            ended = _pairs(inside) if isinstance(start, yaml.MappingStartEvent) else inside
            levels[-1][1].append(ended)
            if start is not None and start.anchor:
                anchors[start.anchor] = ended
        elif isinstance(event, yaml.ScalarEvent):
            levels[-1][1].append(event.value)
            if event.anchor:
                anchors[event.anchor] = event.value
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in anchors:
                raise ValueError(f"an alias of nothing, {event.anchor}")
            levels[-1][1].append(anchors[event.anchor])
    documents = levels[0][1]
    return documents[0] if documents else ""


def _pairs(inside: list[object]) -> dict[str, object]:
    keys, values = inside[::2], inside[1::2]
    return {key: value for key, value in zip(keys, values, strict=True) if isinstance(key, str)}
