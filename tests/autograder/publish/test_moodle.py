"""Moodle's grading worksheet: what is filled in is what Moodle takes for a grade, and every other byte stays."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from autograder.gradebook.line import Line
from autograder.handins import Id
from autograder.publish.exports.errors import ExportError
from autograder.publish.exports.filled import Change
from autograder.publish.exports.moodle import fill_moodle
from tests.autograder.publish.made import line

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Site:
    """A Moodle in a language, which writes worksheets and takes them back by the rules of its own importer."""

    participant: str
    identifier: str
    grade: str
    header: str
    yes: str
    no: str
    comma: bool = False
    start: str = ""
    newline: str = "\n"

    def worksheet(self) -> str:
        """Return what a teacher downloads: Ann has no grade yet, Bob 40, Cy cannot be changed."""
        end = self.newline
        rows = [
            self.start + self.header,
            f'"{self.participant}101","Kim, Ann",ann@uni.edu,"Sent{end}on time",,100.00,{self.yes},"Mon, 1",-,""',
            f'"{self.participant}102","Bob ""B"" Lee",Bob@uni.edu,-,40.00,100.00,{self.yes},-,"Sun, 1","said, before"',
            f'"{self.participant}103",Cy,cy@uni.edu,-,77.50,100.00,{self.no},-,-,',
            f'"{self.participant}104",Dee,dee@uni.edu,-,,100.00,{self.yes},-,-,',
        ]
        text = end.join(rows) + end
        return self._with_commas(text) if self.comma else text

    def takes(self, content: bytes) -> dict[str, float]:
        """Return the grades that Moodle would have, by the participant's number, after an upload."""
        grades: dict[str, float] = {"102": 40.0, "103": 77.5}
        text = content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";" if self.comma else ",", strict=True))
        columns = rows[0]
        assert columns.index(self.identifier) == 0
        for row in rows[1:]:
            number = row[0][len(self.participant) :]
            told = row[columns.index(self.grade)].replace(" ", "").replace(",", ".")
            if not told or number == "103" or not 0 <= float(told) <= 100:
                continue
            grades[number] = float(told)
        return grades

    def _with_commas(self, text: str) -> str:
        rows = list(csv.reader(io.StringIO(text, newline="")))
        out = io.StringIO(newline="")
        table = csv.writer(out, delimiter=";", lineterminator=self.newline)
        table.writerows([[c.replace(".", ",") if c[:1].isdigit() else c for c in row] for row in rows])
        return out.getvalue()


SITES = {
    "English": Site(
        "Participant ", "Identifier", "Grade",
        'Identifier,"Full name","Email address",Status,Grade,"Maximum Grade","Grade can be changed",'
        '"Last modified (submission)","Last modified (grade)","Feedback comments"',
        "Yes", "No", start="\ufeff",
    ),
    "German": Site(
        "Teilnehmer/in", "ID", "Bewertung",
        'ID,"Vollständiger Name",E-Mail-Adresse,Status,Bewertung,Bestwertung,"Bewertung kann geändert werden",'
        '"Zuletzt geändert (Abgabe)","Zuletzt geändert (Bewertung)","Feedback als Kommentar"',
        "Ja", "Nein", comma=True,
    ),
    "French": Site(
        "Participant ", "Identifiant", "Note",
        'Identifiant,"Nom complet","Adresse de courriel",Statut,Note,"Note maximale","La note peut être modifiée",'
        '"Dernière modification (travail remis)","Dernière modification (note)","Feedback par commentaires"',
        "Oui", "Non", comma=True, newline="\r\n",
    ),
    "Korean": Site(
        "참가자 ", "식별자", "성적",
        '식별자,성명,"이메일 주소",상태,성적,"최고 성적","성적을 변경할 수 있음",'
        '"최종 수정 (제출)","최종 수정 (성적)","피드백 댓글"',
        "예", "아니오", newline="\r\n",
    ),
}  # fmt: skip

LINES = [
    line("ann", 87.25, ids={Id.MOODLE: "101"}),
    line("bob", 55.0, ids={Id.EMAIL: "bob@uni.edu"}),
    line("cy", 99.0, ids={Id.MOODLE: "103"}),
    line("dee", None, ids={Id.MOODLE: "104"}),
    line("gone", 1.0, ids={Id.MOODLE: "9"}, on_roster=False),
]


def filled(download: str, lines: list[Line] = LINES, **more: object) -> bytes:
    said = {"column": None, "max_score": 100.0, **more}
    return fill_moodle("w.csv", download.encode(), lines, **said).content  # type: ignore[arg-type] # as `more` has them


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_moodle_takes_the_grades_of_the_gradebook(site: Site) -> None:
    assert site.takes(filled(site.worksheet())) == {"101": 87.25, "102": 55.0, "103": 77.5}


@pytest.mark.parametrize("site", SITES.values(), ids=SITES)
def test_every_other_byte_is_as_it_came(site: Site) -> None:
    came = site.worksheet()
    d, ann, forty, most = (";", "87,25", "40,00", "100,00") if site.comma else (",", "87.25", "40.00", "100.00")
    expected = came.replace(f"{d}{d}{most}", f"{d}{ann}{d}{most}", 1).replace(f"{d}{forty}{d}", f"{d}55{d}")
    assert filled(came).decode() == expected


def test_an_address_is_one_whatever_its_column_is_called() -> None:
    unknown = SITES["English"].worksheet().replace('"Email address"', "Sähköpostiosoite")
    assert SITES["English"].takes(filled(unknown, LINES[1:2]))["102"] == 55


def test_without_anything_to_fill_in_the_file_is_as_it_came() -> None:
    came = SITES["English"].worksheet()
    assert filled(came, []) == came.encode()
    assert filled(came, [line("bob", 40.0, ids={Id.MOODLE: "102"})]) == came.encode()


def test_every_change_is_named_and_who_is_left_as_they_are() -> None:
    told = fill_moodle("w.csv", SITES["English"].worksheet().encode(), LINES, column=None, max_score=100.0)
    assert told.changes == (Change("ann", None, 87.25), Change("bob", 40.0, 55.0))
    assert told.notes == ("Locked in Moodle, left as they are: cy.", "Not in the class, left out: gone.")


def test_where_it_is_not_known_whether_a_grade_can_be_changed_it_is_said() -> None:
    unknown = SITES["English"].worksheet().replace("Yes", "Kyllä").replace(",No,", ",Ei,")
    told = fill_moodle("w.csv", unknown.encode(), LINES[:1], column=None, max_score=100.0)
    assert told.notes[0].startswith("Whether a grade can be changed is not known")


def test_more_digits_than_moodle_shows_are_kept_and_are_no_change() -> None:
    lines = [line("bob", 40.001, ids={Id.MOODLE: "102"})]
    told = fill_moodle("w.csv", SITES["English"].worksheet().encode(), lines, column=None, max_score=100.0)
    assert (told.changes, SITES["English"].takes(told.content)["102"]) == ((), 40.001)


def test_the_address_of_a_page_goes_where_no_feedback_is() -> None:
    links = {"ann": 'https://x.edu/a"b', "bob": "https://x.edu/b"}
    content = filled(SITES["English"].worksheet(), feedback="Feedback comments", links=links)
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows[1][-1] == '<a href="https://x.edu/a&quot;b">https://x.edu/a&quot;b</a>'
    assert rows[2][-1] == "said, before"
    assert [row[-1] for row in rows[3:]] == ["", ""]


def refusal(download: str | bytes, lines: list[Line] = LINES, /, **more: object) -> str:
    content = download if isinstance(download, bytes) else download.encode()
    said = {"column": None, "max_score": 100.0, **more}
    with pytest.raises(ExportError) as refused:
        fill_moodle("w.csv", content, lines, **said)  # type: ignore[arg-type] # as `more` has them
    return str(refused.value)


def test_a_lower_grade_needs_to_be_meant() -> None:
    lower = [line("bob", 39.0, ids={Id.MOODLE: "102"})]
    came = SITES["English"].worksheet()
    assert "line 4: bob has 40.00, which 39 would lower" in refusal(came, lower)
    assert SITES["English"].takes(filled(came, lower, may_lower=True))["102"] == 39


REFUSALS: list[tuple[Callable[[str], str | bytes], dict[str, str], str]] = [
    (lambda text: text.replace("100.00", "10.00"), {}, "expected a maximum grade of 100, as in the gradebook, got 10"),
    (lambda text: text.replace("Participant 102", "Participant 101"), {}, "each student once, got Participant 101"),
    (lambda text: text.replace("Participant 103", "Cy"), {}, "expected Moodle's grading worksheet, with an identifier"),
    (lambda text: "Student,ID\nKim,1\n", {}, "expected Moodle's grading worksheet"),
    (lambda text: text.replace("100.00", '"Poor, Good"').replace("40.00", "Poor"), {}, "expected one column of grades"),
    (lambda text: text, {"column": "Mark"}, "one column of grades, before that of the maximum grade, got none"),
    (lambda text: text, {"feedback": "Comments"}, "expected a column 'Comments' for feedback after the grades"),
    (lambda text: text.encode("utf-16"), {}, "expected text in UTF-8"),
    (lambda text: text.replace(",", "\t"), {}, "expected cells separated by commas or semicolons"),
    (lambda text: text[:-3] + "\n", {}, "cells, as the first row has, got 9"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "more", "says"), REFUSALS, ids=[says[-30:] for *_rest, says in REFUSALS])
def test_what_cannot_be_filled_in_is_refused(
    spoil: Callable[[str], str | bytes], more: dict[str, str], says: str
) -> None:
    assert says in refusal(spoil(SITES["English"].worksheet()), **more)


def test_a_score_above_the_maximum_is_refused() -> None:
    assert "at most 100 points for ann, got 101" in refusal(
        SITES["English"].worksheet(), [line("ann", 101.0, ids={Id.MOODLE: "101"})]
    )


def test_a_student_who_is_not_in_the_worksheet_is_told() -> None:
    assert "zoe has a score, and is not in w.csv" in refusal(SITES["German"].worksheet(), [line("zoe", ids={})])


def test_two_columns_that_could_be_the_grades_are_told_apart_by_name() -> None:
    twice = SITES["English"].worksheet().replace("Grade,", "Mark,Top,Grade,", 1)
    twice = twice.replace(",,100.00", ",,5,,100.00").replace(",40.00,", ",3,5,40.00,").replace(",77.50,", ",,5,77.50,")
    assert "got 'Mark', 'Grade'" in refusal(twice)
    assert SITES["English"].takes(filled(twice, column="Grade"))["101"] == 87.25
