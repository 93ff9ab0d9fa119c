"""A Canvas for tests: exports a gradebook and imports one by the rules of its own importer, spoilt ones too.

Written from what canvas-lms's gradebook_importer.rb and gradebook_exporter.rb do; it knows nothing of ours.
"""

from __future__ import annotations

import copy
import csv
import io
import re
from dataclasses import dataclass, field


@dataclass
class User:
    id: int
    name: str
    sis: str
    login: str
    section: str = "LEC A"


@dataclass
class Assignment:
    id: int
    title: str
    points: float
    scores: dict[int, str] = field(default_factory=dict)
    posts_manually: bool = False


@dataclass
class Course:
    """A course: its students, and its assignments with their scores as text, by user."""

    users: list[User]
    assignments: list[Assignment]
    delimiter: str = ","
    comma: bool = False
    bom: bool = True

    def export(self) -> bytes:
        """Return what a teacher downloads."""
        out = io.StringIO(newline="")
        table = csv.writer(out, delimiter=self.delimiter, lineterminator="\n")
        titles = [f"{a.title} ({a.id})" for a in self.assignments]
        table.writerow(["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Notes", *titles, "Final Score"])
        if any(a.posts_manually for a in self.assignments):
            manual = ["Manual Posting" if a.posts_manually else "" for a in self.assignments]
            table.writerow(["", "", "", "", "", "", *manual, ""])
        points = [self._number(f"{a.points:.2f}") for a in self.assignments]
        table.writerow(["    Points Possible", "", "", "", "", "", *points, "(read only)"])
        for u in self.users:
            name = f'="{u.name}"' if u.name.startswith("=") else u.name
            scores = [self._number(a.scores.get(u.id, "")) for a in self.assignments]
            table.writerow([name, u.id, u.sis, u.login, u.section, "a note", *scores, self._number("50.00")])
        return (b"\xef\xbb\xbf" if self.bom else b"") + out.getvalue().encode()

    def imported(self, content: bytes) -> Course:
        """Return the course as it is after a teacher uploads a file and says yes to all."""
        course = copy.deepcopy(self)
        text = content.decode("utf-8-sig")
        rows = [
            [_normalised(cell) for cell in row]
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
            if any(cell.strip() for cell in row)
        ]
        header = rows.pop(0)
        if "Student" not in header[0] or "ID" not in header[1] or "Section" not in header:
            raise ValueError("Invalid header row")
        first = header.index("Section") + 1
        titles = [t for t in header[first:] if t != "Notes" and not re.search("Current Score|Final Score", t)]
        columns = [(course._assignment(title), header.index(title)) for title in titles]
        for row in rows:
            if "Points Possible" in row[0]:
                for assignment, at in columns:
                    assignment.points = float(row[at]) if re.fullmatch(r"[\d.]+", row[at]) else assignment.points
            elif not all(re.fullmatch(r"(?i)\s*(Muted|Manual Posting.*)?\s*", cell) for cell in row):
                user = course._user(row, header)
                for assignment, at in columns:
                    course._give(assignment, user, row[at].strip())
        return course

    def scores(self, title: str) -> dict[str, str]:
        """Return the scores in an assignment, by the names of students."""
        (assignment,) = [a for a in self.assignments if a.title == title]
        names = {u.id: u.name for u in self.users}
        return {names[user]: score for user, score in assignment.scores.items() if score}

    def _number(self, text: str) -> str:
        return text.replace(".", ",") if self.comma else text

    def _assignment(self, header: str) -> Assignment:
        found = re.fullmatch(r"(.*) \((\d+)\)", header)
        for a in self.assignments:
            if (found and a.id == int(found[2])) or a.title == header:
                return a
        made = Assignment(-len(self.assignments), found[1] if found else header, 0)
        self.assignments.append(made)
        return made

    def _user(self, row: list[str], header: list[str]) -> User:
        told = dict(zip(header, row, strict=False))
        digits = re.match(r"\d*", told["ID"])
        wanted = [
            [u for u in self.users if digits and digits[0] and u.id == int(digits[0])],
            [u for u in self.users if told["SIS User ID"] and u.sis == told["SIS User ID"]],
            [u for u in self.users if told["SIS Login ID"] and u.login == told["SIS Login ID"]],
            [u for u in self.users if u.name == told["Student"]],
        ]
        for found in wanted:
            if found:
                return found[0]
        made = User(-len(self.users), told["Student"], "", "")
        self.users.append(made)
        return made

    def _give(self, assignment: Assignment, user: User, score: str) -> None:
        before = assignment.scores.get(user.id, "")
        same = before and score and re.fullmatch(r"[\d.]+", score) and re.fullmatch(r"[\d.]+", before)
        if before == "N/A" or (same and f"{float(before):.2f}" == f"{float(score):.2f}"):
            return
        assignment.scores[user.id] = "" if score == "-" else score


def _delimiter(text: str) -> str:
    lines = text.splitlines()[:3]
    counts = {d: {len(row) for row in csv.reader(lines, delimiter=d)} for d in ";,"}
    fields = {d: min(found) if len(found) == 1 else 0 for d, found in counts.items()}
    return ";" if fields[";"] > fields[","] else ","


def _normalised(cell: str) -> str:
    if not re.fullmatch(r"-?[0-9.,]+%?", cell):
        return cell
    *parts, last = re.split(r"[,.]", cell)
    return f"{''.join(parts)}.{last}" if parts else last
