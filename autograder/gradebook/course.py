"""class.toml: the rules of a class, for those who grade it.

sandbox = "landlock"                 # the weakest that hand-ins may run in: bubblewrap, landlock, limits, process
attempts = "best"                    # of a student's attempts, the best counts, or the "last"
late_days = 3                        # each student's own, over the term; used in the order of deadlines
zone = "Asia/Seoul"                  # of deadlines that name none: a name, or an offset such as "+09:00"

[late.cnn]                           # for the assignment cnn; without it, nothing is late
deadline = 2026-10-31T23:59:00       # or 2026-10-31T23:59:00+09:00
zone = "Europe/Berlin"               # where not that of the class
grace_minutes = 10
penalty_percent = 10                 # of the maximum, for each day that has begun
cap_percent = 50                     # the most that being late costs
"""

from __future__ import annotations

import tomllib
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import Annotated, Literal, TypeVar, get_args, get_origin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from autograder.gradebook.late import LatePolicy, Percent, local_deadline
from autograder.words import _

CLASS_FILE = "class.toml"

_Minutes = Annotated[float, msgspec.Meta(ge=0, le=60 * 24)]


class ClassError(ValueError):
    """A class.toml that cannot be read, or that says what makes no sense."""


class _Late(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    deadline: datetime
    zone: str = ""
    grace_minutes: _Minutes = 0.0
    penalty_percent: Percent = 0.0
    cap_percent: Percent = 100.0


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sandbox: Literal["bubblewrap", "landlock", "limits", "process"] = "landlock"
    attempts: Literal["best", "last"] = "best"
    late_days: Annotated[int, msgspec.Meta(ge=0)] = 0
    zone: str = ""


_Section = TypeVar("_Section", bound=msgspec.Struct)


class ClassRules(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a class. late: by the names of assignments, in the order of their deadlines."""

    sandbox: str = "landlock"
    attempts: str = "best"
    late_days: int = 0
    late: dict[str, LatePolicy] = {}

    def undue(self, assignment: str) -> tuple[str, ...]:
        """Name the assignments that have a deadline, where this one is not among them: its name may be misspelt."""
        return () if assignment in self.late else tuple(self.late)


def class_rules(book: Path, file: Path | None = None) -> ClassRules:
    """Read the rules of the class in `file`; without it, of class.toml beside the book; without that, the defaults."""
    beside = book.parent / CLASS_FILE
    if file is None and not beside.is_file():
        return ClassRules()
    return read_class(file or beside)


def read_class(path: Path) -> ClassRules:
    """Read a class.toml. Raises ClassError, which names the file and what is wrong in it."""
    try:
        told = tomllib.loads(path.read_text("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ClassError(_("{path}: expected text in UTF-8, got other bytes. Save it as UTF-8.", path=path)) from error
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ClassError(f"{path}: {getattr(error, 'strerror', None) or error}.") from error
    sections = _sections(path, told.pop("late", {}))
    said = _converted(str(path), told, _File, "[late.NAME]")
    policies = {}
    for name, section in sections.items():
        where = f"{path}: [late.{name}]"
        policies[name] = _policy(where, _converted(where, section, _Late), said.zone)
    return ClassRules(
        sandbox=said.sandbox,
        attempts=said.attempts,
        late_days=said.late_days,
        late=dict(sorted(policies.items(), key=lambda item: (item[1].deadline, item[0]))),
    )


def _sections(path: Path, late: object) -> dict[str, dict[str, object]]:
    """Return the sections [late.NAME] by NAME; anything else there is an error."""
    sections: dict[str, dict[str, object]] = {}
    for key, value in late.items() if isinstance(late, dict) else [("", late)]:
        if not isinstance(value, dict):
            got = _("`{key}` in [late]", key=key) if key else f"`late = {value}`"
            raise ClassError(
                _("{path}: expected the section [late.NAME] of an assignment, got {got}.", path=path, got=got)
            )
        sections[key] = value
    return sections


def _converted(where: str, told: dict[str, object], kind: type[_Section], *others: str) -> _Section:
    """Read one section. others: what may stand beside its keys. Raises ClassError, which begins with `where`."""
    fields = {f.name: f for f in msgspec.structs.fields(kind)}
    for key, value in told.items():
        if key not in fields:
            allowed = ", ".join([*fields, *others])
            raise ClassError(
                _("{where}: expected one of {allowed}, got `{key}`.", where=where, allowed=allowed, key=key)
            )
        _check_value(where, key, value, fields[key].type)
    for key, field in fields.items():
        if field.required and key not in told:
            raise ClassError(_("{where}: expected `{key} = 2026-10-31T23:59:00`, got no {key}.", where=where, key=key))
    try:
        return msgspec.convert(told, kind)
    except msgspec.ValidationError as error:
        raise ClassError(f"{where}: {str(error).replace('`$.', '`')}.") from error


def _check_value(where: str, key: str, value: object, kind: object) -> None:
    """Refuse what msgspec would too, in words that say what to write."""
    if get_origin(kind) is Literal and value not in get_args(kind):
        raise ClassError(
            _(
                "{where}: expected `{key}` to be one of {allowed}, got {value!r}.",
                where=where,
                key=key,
                allowed=", ".join(get_args(kind)),
                value=value,
            )
        )
    if kind is datetime and (day := _day(value)):
        raise ClassError(
            _(
                "{where}: expected `{key}` to be a date with a time, got {day}; add the time: {day}T23:59:00.",
                where=where,
                key=key,
                day=day,
            )
        )


def _day(value: object) -> date | None:
    """Return a date that has no time; None for anything else."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def parse_time(text: str, zone: tzinfo | None) -> datetime:
    """Read an ISO 8601 time; one without an offset is of `zone`. Raises ClassError if it is none, or has no zone."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or (time.tzinfo is None and zone is None):
        raise ClassError(_("expected a time with its offset, such as 2026-10-31T23:59+09:00, got {text!r}.", text=text))
    return local_deadline(time, zone) if time.tzinfo is None and zone is not None else time


def _policy(where: str, late: _Late, class_zone: str) -> LatePolicy:
    zone = late.zone or class_zone
    if late.deadline.tzinfo is not None:
        if late.zone:
            raise ClassError(
                _("{where}: expected `zone` or a deadline with an offset, got both. Leave one out.", where=where)
            )
        deadline = late.deadline
    elif zone:
        deadline = local_deadline(late.deadline, _zone(where, zone))
    else:
        raise ClassError(
            _(
                '{where}: expected a deadline with a time zone, got {deadline}. Add `zone = "Asia/Seoul"`, '
                "or an offset: {deadline}+09:00.",
                where=where,
                deadline=late.deadline.isoformat(),
            )
        )
    return LatePolicy(
        deadline=deadline,
        grace_minutes=late.grace_minutes,
        penalty_percent=late.penalty_percent,
        cap_percent=late.cap_percent,
    )


def _zone(where: str, name: str) -> tzinfo:
    try:
        if name[0] in "+-":
            offset = datetime.fromisoformat(f"2000-01-01T00:00{name}").tzinfo
            if offset is not None:
                return offset
        return ZoneInfo(name)
    except (ValueError, ZoneInfoNotFoundError, OSError) as error:
        raise ClassError(
            _(
                '{where}: expected `zone` to be a name such as "Asia/Seoul", or an offset such as "+09:00", '
                "got {name!r}.",
                where=where,
                name=name,
            )
        ) from error
