"""The book's tables. Rows are added and stay: triggers refuse to change one or to take one away.

Times are UTC, ISO 8601, by the clock of whoever wrote. Lists and mappings within a row are JSON.
"""

from __future__ import annotations

from typing import Final

APPLICATION_ID: Final = 0x6E70_7467
"""What makes an SQLite file a gradebook of ours, in its header: "nptg"."""

VERSION: Final = 2
"""Of the tables below. A book of a later version is refused; an earlier is brought up to it before it is written to."""

_TABLES: Final = """
-- The roster, each time it came and was another than before. The latest is the one that holds.
CREATE TABLE roster (
    id          INTEGER PRIMARY KEY,
    at          TEXT NOT NULL,
    people      TEXT NOT NULL                   -- JSON: [[key, name, {kind: id}], ...]
) STRICT;

-- What was handed in: the bytes, once, whoever handed them in and however often.
CREATE TABLE content (
    sha256      TEXT PRIMARY KEY CHECK (length(sha256) = 64),
    bytes       BLOB NOT NULL
) STRICT;

-- Who handed in what, and when, as the download told it. `student` is the download's word; the roster makes a person
-- of it when the book is read. A row that differs from an earlier one only after `hand_in` corrects it. Where no time
-- is told, it is an attempt of its own if another content came in between, or if it is late and the earlier was not.
CREATE TABLE attempt (
    id           INTEGER PRIMARY KEY,
    at           TEXT NOT NULL,
    assignment   TEXT NOT NULL,
    student      TEXT NOT NULL,
    ids          TEXT NOT NULL,                 -- JSON: {kind: id}
    number       INTEGER NOT NULL,
    submitted_at TEXT,                          -- NULL: the download does not tell
    hand_in      TEXT REFERENCES content,       -- NULL: it cannot be read, for the reason in `problem`
    late         INTEGER NOT NULL,              -- 1: the system that it comes from says so
    name         TEXT NOT NULL,
    origin       TEXT NOT NULL,
    problem      TEXT NOT NULL,
    CHECK ((hand_in IS NULL) = (problem <> ''))
) STRICT;
CREATE INDEX attempt_of ON attempt (assignment, student);
CREATE INDEX attempt_with ON attempt (hand_in);

-- Every result there ever was, by what it was reached with. `verdicts` says in short what `json` says in full.
CREATE TABLE result (
    id          INTEGER PRIMARY KEY,
    at          TEXT NOT NULL,
    assignment  TEXT NOT NULL,
    hand_in     TEXT NOT NULL REFERENCES content,
    assignment_sha256  TEXT NOT NULL,
    grader_sha256      TEXT NOT NULL,
    environment_sha256 TEXT NOT NULL,
    seed        INTEGER NOT NULL,
    score       REAL NOT NULL,
    max_score   REAL NOT NULL,
    faulty      INTEGER NOT NULL,               -- 1: the grader failed somewhere, so that this counts as not done
    verdicts    TEXT NOT NULL,                  -- JSON: [[check, status, score, max_score], ...]
    json        BLOB NOT NULL                   -- the SubmissionResult
) STRICT;
CREATE INDEX result_of ON result (assignment, hand_in);

-- What the random choices of an assignment's checks come from: drawn when it is first graded, the same for everybody.
CREATE TABLE seed (
    assignment  TEXT PRIMARY KEY,
    at          TEXT NOT NULL,
    seed        INTEGER NOT NULL
) STRICT;

-- What people did, with who, when and why.
CREATE TABLE entry (
    id          INTEGER PRIMARY KEY,
    at          TEXT NOT NULL,
    who         TEXT NOT NULL CHECK (trim(who) <> ''),
    why         TEXT NOT NULL CHECK (trim(why) <> ''),
    kind        TEXT NOT NULL,
    assignment  TEXT,
    student     TEXT,
    hand_in     TEXT REFERENCES content,        -- of which of the student's attempts
    part        TEXT,                           -- a check, or a written part; of days_late, which attempt (its id)
    points      REAL,
    until       TEXT,
    result      INTEGER REFERENCES result,
    undoes      INTEGER UNIQUE REFERENCES entry CHECK (undoes < id),
    CHECK (CASE kind
        WHEN 'score'     THEN student IS NOT NULL                                -- what all checks together come to
        WHEN 'check'     THEN student IS NOT NULL AND part IS NOT NULL AND hand_in IS NOT NULL
        WHEN 'mark'      THEN student IS NOT NULL AND part IS NOT NULL           -- of a written part
        WHEN 'days_late' THEN student IS NOT NULL AND hand_in IS NOT NULL        -- where no time is known
        WHEN 'extension' THEN student IS NOT NULL AND until IS NOT NULL
        WHEN 'accept'    THEN student IS NOT NULL AND result IS NOT NULL
        WHEN 'undo'      THEN undoes IS NOT NULL
        ELSE 0
    END),
    CHECK (kind NOT IN ('score', 'check', 'mark', 'days_late') OR ifnull(points, -1) >= 0),
    CHECK ((kind = 'undo') = (undoes IS NOT NULL))
) STRICT;
CREATE INDEX entry_of ON entry (assignment, student);
"""

_RELEASES: Final = """
-- The name of a student's page: drawn when something is first released to them, and kept.
CREATE TABLE page (
    id          INTEGER PRIMARY KEY,
    at          TEXT NOT NULL,
    assignment  TEXT NOT NULL,
    student     TEXT NOT NULL,
    token       TEXT NOT NULL UNIQUE CHECK (length(token) = 32),
    UNIQUE (assignment, student)
) STRICT;

-- What was released to whom. The latest of a page holds.
CREATE TABLE released (
    id          INTEGER PRIMARY KEY,
    at          TEXT NOT NULL,
    who         TEXT NOT NULL CHECK (trim(who) <> ''),
    page        INTEGER NOT NULL REFERENCES page,
    score       REAL,                           -- NULL: it was withdrawn
    line        TEXT,                           -- JSON: the student's line of the gradebook, as it was released
    result      INTEGER REFERENCES result,      -- what the page shows; NULL: nothing that was graded
    sha256      TEXT,                           -- of the page's bytes; NULL: there is no page
    CHECK ((score IS NULL) = (line IS NULL)),
    CHECK (score IS NOT NULL OR (result IS NULL AND sha256 IS NULL))
) STRICT;
CREATE INDEX released_of ON released (page);
"""


def _append_only(*tables: str) -> str:
    return "".join(
        f"""
CREATE TRIGGER {table}_is_never_{done} BEFORE {action} ON {table}
BEGIN SELECT RAISE(ABORT, 'a gradebook is only added to: no row of {table} is {done}'); END;
"""
        for table in tables
        for action, done in (("UPDATE", "changed"), ("DELETE", "deleted"))
    )


UPGRADES: Final = {2: _RELEASES + _append_only("page", "released")}
"""What each version added to the one before."""

CREATE: Final = f"""
{_TABLES}
{_append_only("roster", "content", "attempt", "result", "seed", "entry")}
{"".join(UPGRADES.values())}
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
"""
