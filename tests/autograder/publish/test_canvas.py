"""Canvas: what is filled in is what the gradebook says, and nothing else; whatever would spoil one is refused."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.gradebook.line import Line
from autograder.handins import Id
from autograder.publish.exports.canvas import dry_run, fill_canvas, read_gradebook
from autograder.publish.exports.errors import ExportError
from autograder.publish.exports.filled import Change
from tests.autograder.publish.canvas import Assignment, Course, User
from tests.autograder.publish.made import line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

USERS = [
    User(1, "Uno, U", "1", "uno"),
    User(111, "Kim, Min-jun", "007", "kim@uni.edu", "LEC A, and LEC B"),
    User(112, "=Lee, Ann", "120034", "lee"),
    User(113, "O'Neil, Cy", "13", "cy"),
    User(114, "@lex", "14", "lex"),
    User(115, "Excused, Eve", "15", "eve"),
    User(116, "Na, Na", "16", "na"),
    User(999, "Student, Test", "", "abcdef0123"),
]
CNN = {111: "85.12", 113: "40.00", 114: "77.00", 115: "EX", 116: "N/A"}
LINES = [
    line("007", 85.123, ids={Id.CANVAS: "111", Id.SID: "007"}),
    line("120034", 90.5, ids={Id.SID: "120034"}),
    line("cy", 55.0, ids={Id.LOGIN: "cy"}),
    line("lex", None, ids={Id.LOGIN: "lex"}),
    line("eve", 10.0, ids={Id.CANVAS: "115"}),
    line("na", 20.0, ids={Id.CANVAS: "116"}),
    line("gone", 30.0, ids={Id.CANVAS: "117"}, on_roster=False),
]


def course(**more: object) -> Course:
    others = {111: "3.00", 112: "EX"}
    assignments = [Assignment(7, "Essay; part 1", 10, others), Assignment(4314, "CNN", 100, dict(CNN), True)]
    return Course(USERS, assignments, **more)  # type: ignore[arg-type] # as `more` has them


def filled(it: Course, lines: list[Line] = LINES, *, column: str | None = None, may_lower: bool = False) -> bytes:
    return fill_canvas(
        "down.csv", it.export(), lines, column=column, names=("cnn", "The CNN"), max_score=100.0, may_lower=may_lower
    ).content


FORMS = [{}, {"delimiter": ";", "comma": True}, {"bom": False}, {"comma": True}, {"delimiter": ";"}]


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_canvas_takes_exactly_the_scores_of_the_gradebook(form: dict[str, object]) -> None:
    before = course(**form)
    after = before.imported(filled(before))
    assert after.scores("CNN") == {
        "Kim, Min-jun": "85.12",  # as it was: Canvas shows two digits
        "=Lee, Ann": "90.5",
        "O'Neil, Cy": "55",
        "@lex": "77.00",
        "Excused, Eve": "EX",
        "Na, Na": "N/A",
    }
    assert (after.users, after.assignments[0], len(after.assignments)) == (before.users, before.assignments[0], 2)
    assert after.assignments[1].points == 100


def test_every_change_is_named_and_who_is_left_as_they_are() -> None:
    told = fill_canvas("down.csv", course().export(), LINES, column=None, names=("cnn",), max_score=100.0)
    assert told.changes == (Change('="=Lee, Ann"', None, 90.5), Change("O'Neil, Cy", 40.0, 55.0))
    assert told.column == "CNN (4314)"
    assert told.notes == (
        "Excused or not assigned in Canvas, left as they are: eve (EX), na (N/A).",
        "Not in the class, left out: gone.",
    )


def test_the_file_holds_who_it_is_and_the_one_column() -> None:
    rows = list(csv.reader(io.StringIO(filled(course()).decode("utf-8-sig"), newline="")))
    assert rows[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "CNN (4314)"]
    assert rows[1] == ["    Points Possible", "", "", "", "", "100.00"]
    assert rows[2] == ["Kim, Min-jun", "111", "007", "kim@uni.edu", "LEC A, and LEC B", "85.123"]
    assert [row[1] for row in rows[2:]] == ["111", "112", "113"]


def test_the_file_is_in_the_form_of_the_download() -> None:
    german = filled(course(delimiter=";", comma=True, bom=False)).decode()
    assert german.startswith("Student;")
    assert german.splitlines()[1:] == [
        "    Points Possible;;;;;100,00",
        "Kim, Min-jun;111;007;kim@uni.edu;LEC A, and LEC B;85,123",
        '"=""=Lee, Ann""";112;120034;lee;LEC A;90,5',
        "O'Neil, Cy;113;13;cy;LEC A;55",
    ]
    assert filled(course()).startswith(b"\xef\xbb\xbfStudent,")


WIDE = """\
LastName,FirstName,ID,SIS User ID,SIS Login ID,Integration ID,Root Account,Section,CNN (4314),Final Score
    Points Possible,,,,,,,,100.00,(read only)
Kim,Min-jun,111,007,kim@uni.edu,i1,canvas.uni.edu,LEC A,,
"""


def test_an_export_with_more_columns_of_who_it_is_is_filled_in_too() -> None:
    told = fill_canvas(
        "down.csv", WIDE.encode(), [line("x", 85.0, name="Min-jun Kim", ids={})], column=None, names=("cnn",),
        max_score=100.0,
    )  # fmt: skip
    assert told.content.decode().splitlines()[2] == "Kim,Min-jun,111,007,kim@uni.edu,i1,canvas.uni.edu,LEC A,85"


def test_a_second_upload_changes_nothing() -> None:
    once = course().imported(filled(course()))
    assert fill_canvas("d", once.export(), LINES, column=None, names=("cnn",), max_score=100.0).changes == ()


@pytest.mark.parametrize("column", ["CNN (4314)", "cnn", "4314"])
def test_a_column_is_known_by_header_title_or_id(column: str) -> None:
    it = course()
    it.assignments.append(Assignment(5, "The CNN", 100))
    assert b"CNN (4314)" in filled(it, column=column)
    with pytest.raises(ExportError, match=r"expected one column 'cnn', got 'CNN \(4314\)', 'The CNN \(5\)'"):
        filled(it)


def test_the_only_assignment_is_meant() -> None:
    it = course()
    it.assignments = [Assignment(9, "Homework", 100)]
    assert it.imported(filled(it)).scores("Homework")["=Lee, Ann"] == "90.5"


def test_names_do_for_those_who_have_no_identifier() -> None:
    assert b"112" in filled(course(), [line("x", 1.0, name="Ann =Lee", ids={})])


def test_a_name_that_a_spreadsheet_would_compute_is_guarded() -> None:
    content = filled(course(), [line("lex", 80.0, ids={Id.LOGIN: "lex"})])
    assert b"'@lex,114" in content
    assert course().imported(content).scores("CNN")["@lex"] == "80"


def replaced(old: str, new: str) -> Callable[[str], str]:
    def spoil(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return spoil


def last_column_twice(text: str) -> str:
    return "".join(f"{row},{row.rpartition(',')[2]}\n" for row in text.splitlines())


def sorted_apart(text: str) -> str:
    rows = list(csv.reader(io.StringIO(text)))
    names = [row[0] for row in rows[3:]] + [rows[2][0]]
    for row, name in zip(rows[2:], names, strict=True):
        row[0] = name
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


CY = '"O\'Neil, Cy",113,13,cy'

SPOILS: dict[str, tuple[Callable[[str], str], str]] = {
    "a blank over a score": (replaced(",55\n", ",\n"), "expected a score for O'Neil, Cy, who has 40.00, got none"),
    "a dash over a score": (replaced(",55\n", ",-\n"), "Canvas would erase it"),
    "a column that is not there": (replaced("CNN (4314)", "CNN (4315)"), "Canvas would make a new assignment of it"),
    "a column twice": (last_column_twice, r"expected the column 'CNN \(4314\)' once, got it 2 times"),
    "a read-only column": (replaced("CNN (4314)", "Final Score"), "the column 'Final Score' is read only in Canvas"),
    "the course's own column": (replaced("CNN (4314)", "Notes"), "the column 'Notes' is read only in Canvas"),
    "a student twice": (replaced(",113,", ",111,"), "expected each student once, got ID 111 on line 3 and on line 5"),
    "a student who is not there": (replaced(CY, '"New, Zoe",118,18,zoe'), "a student of the gradebook, got ID 118"),
    "an id as a large number": (replaced(",113,", ",1.13E+02,"), r"a whole number, got '1\.13E\+02': a spreadsheet"),
    "an id as a fraction": (replaced(",113,", ",113.0,"), r"expected Canvas's ID, a whole number, got '113\.0'"),
    "no id": (replaced(",113,", ",,"), "expected Canvas's ID, a whole number, got ''"),
    "zeros lost": (replaced(",007,", ",7,"), "expected SIS User ID '007', got '7': a spreadsheet has changed it"),
    "a student number as a large number": (
        replaced(",120034,", ",1.20E+05,"), r"expected SIS User ID '120034', got '1\.20E\+05': a spreadsheet",
    ),
    "columns sorted apart": (sorted_apart, "ID 111 is that of 'Kim, Min-jun' by Student, but the line says"),
    "another's login": (replaced(",cy,", ",lee,"), "ID 113 is that of 'cy' by SIS Login ID, but the line says 'lee'"),
    "other points possible": (replaced(",100.00\n", ",10.00\n"), r"Points Possible to stay 100, got '10\.00'"),
    "no points possible": (replaced("    Points Possible,,,,,100.00\n", ""), "one row 'Points Possible', got 0"),
    "a score above the maximum": (replaced(",55\n", ",550\n"), "expected at most 100 points for O'Neil, Cy, got 550"),
    "a negative score": (replaced(",55\n", ",-5\n"), "expected a score of at least 0 for O'Neil, Cy, got -5"),
    "no number": (replaced(",55\n", ",nan\n"), "expected a number for O'Neil, Cy, got 'nan'"),
    "infinitely many points": (replaced(",55\n", "," + "9" * 400 + "\n"), "expected at most 100 points for O'Neil"),
    "a grade in letters": (replaced(",55\n", ",A-\n"), "expected a number for O'Neil, Cy, got 'A-'"),
    "a lower score": (replaced(",55\n", ",39.9\n"), r"O'Neil, Cy has 40\.00, which 39\.9 would lower"),
    "excused no more": (replaced(CY, '"Excused, Eve",115,15,eve'), "has 'EX' in Canvas, which 55"),
    "a formula": (replaced('"O\'Neil, Cy"', '"=cmd|\' /C calc\'!A0"'), "which a spreadsheet would compute"),
    "another delimiter": (lambda text: text.replace(",", ";"), "expected ',' between cells, as in down.csv, got ';'"),
    "tabs": (lambda text: text.replace(",", "\t"), "expected cells separated by commas or semicolons"),
    "no column of ids": (lambda text: text.replace(",ID,", ",Id,"), "expected the gradebook that Canvas exports"),
    "other columns before": (replaced("SIS Login ID", "Login"), "expected the columns Student, ID, SIS User ID, "),
    "a row cut short": (replaced(",cy,LEC A,55", ",cy,LEC A"), "expected 6 cells, as the first row has, got 5"),
    "no csv": (replaced('"', '"x"y'), "expected CSV, got something else"),
}  # fmt: skip

NO_HARM_IN_CANVAS = {"a lower score", "a formula", "another delimiter", "columns sorted apart", "zeros lost"}
NO_HARM_IN_CANVAS |= {"a student number as a large number", "another's login", "no points possible", "a column twice"}
NO_HARM_IN_CANVAS |= {"an id as a fraction", "no id"}
"""By luck, as by a student number that is right: or it is a matter of what was meant."""


def spoilt(how: str) -> bytes:
    text = filled(course()).decode("utf-8-sig")
    return SPOILS[how][0](text).encode("utf-8-sig")


@pytest.mark.parametrize("how", SPOILS)
def test_a_dry_run_refuses_every_way_to_spoil_a_gradebook(how: str) -> None:
    download = read_gradebook("down.csv", course().export())
    assert len(dry_run(download, filled(course()), name="up.csv", max_score=100.0)) == 2
    with pytest.raises(ExportError, match=SPOILS[how][1]) as refused:
        dry_run(download, spoilt(how), name="up.csv", max_score=100.0)
    assert all(problem.startswith("up.csv: ") for problem in refused.value.problems)


@pytest.mark.parametrize("how", sorted(SPOILS.keys() - NO_HARM_IN_CANVAS))
def test_canvas_itself_would_have_taken_it_or_failed(how: str) -> None:
    meant = course().imported(filled(course()))
    try:
        assert course().imported(spoilt(how)) != meant
    except (ValueError, KeyError, IndexError, csv.Error):
        return


def test_the_messages_are_different_for_different_ways() -> None:
    download = read_gradebook("down.csv", course().export())
    said = set()
    for how in SPOILS:
        with pytest.raises(ExportError) as refused:
            dry_run(download, spoilt(how), name="up.csv", max_score=100.0)
        said.add(refused.value.problems[0].partition("expected")[2][:24] or refused.value.problems[0][:60])
    assert len(said) >= 18


def test_everything_that_is_wrong_is_told_at_once() -> None:
    download = read_gradebook("down.csv", course().export())
    twice = spoilt("a negative score").replace(b",90.5\n", b",x\n")
    with pytest.raises(ExportError) as refused:
        dry_run(download, twice, name="up.csv", max_score=100.0)
    assert len(refused.value.problems) == 2


@pytest.mark.parametrize("content", ["Student,ID\xff".encode("latin-1"), "Student,ID,Section\n".encode("utf-16")])
def test_another_encoding_is_refused(content: bytes) -> None:
    with pytest.raises(ExportError, match="expected text in UTF-8"):
        read_gradebook("up.csv", content)


def refusal(it: Course, lines: list[Line], **more: str) -> str:
    with pytest.raises(ExportError) as refused:
        fill_canvas("d.csv", it.export(), lines, column=more.get("column"), names=("cnn",), max_score=100.0)
    return str(refused.value)


def test_a_lower_score_needs_to_be_meant() -> None:
    lower = [line("cy", 39.0, ids={Id.LOGIN: "cy"})]
    assert "O'Neil, Cy has 40.00, which 39 would lower" in refusal(course(), lower)
    assert course().imported(filled(course(), lower, may_lower=True)).scores("CNN")["O'Neil, Cy"] == "39"


def test_a_student_of_the_class_who_is_not_in_the_download_is_told() -> None:
    assert "zoe has a score, and is not in d.csv" in refusal(course(), [line("zoe", 1.0, ids={Id.CANVAS: "5"})])


def test_two_who_are_one_in_canvas_are_told() -> None:
    both = [line("a", 1.0, ids={Id.LOGIN: "cy"}), line("b", 2.0, ids={Id.SID: "13"})]
    assert "a and b are the same line of d.csv: 113" in refusal(course(), both)


def test_one_who_is_two_in_canvas_is_told() -> None:
    assert "a fits several lines of d.csv" in refusal(course(), [line("a", 1.0, ids={Id.LOGIN: "cy", Id.SID: "007"})])


def test_a_roster_that_a_spreadsheet_has_changed_is_told() -> None:
    changed = [line("7", 90.0, ids={Id.CANVAS: "111", Id.SID: "7"})]
    assert "expected sid '7' for 7, got '007': a spreadsheet has changed it" in refusal(course(), changed)


def test_an_assignment_of_other_points_is_told() -> None:
    it = course()
    it.assignments[1].points = 10
    it.assignments[1].scores = {}
    assert "expected 100 points possible in 'CNN (4314)', as in the gradebook, got 10" in refusal(it, LINES[1:2])


def test_a_column_that_is_not_there_is_told_with_those_that_are() -> None:
    told = refusal(course(), LINES, column="RNN")
    assert "expected a column for 'RNN', found none, and Canvas would make a new assignment of it" in told
    assert "'Essay; part 1 (7)', 'CNN (4314)'" in told


def test_a_column_that_is_read_only_is_told() -> None:
    assert "'Final Score': it has no id and points, so that it is read only" in refusal(
        course(), LINES, column="Final Score"
    )


def test_a_download_that_is_no_gradebook_is_told() -> None:
    with pytest.raises(ExportError, match="expected the gradebook that Canvas exports, with the columns Student, ID"):
        read_gradebook("d.csv", b"Identifier,Full name\nParticipant 1,Kim\n")


def test_the_command_shows_what_an_upload_would_change(tmp_path: Path) -> None:
    (tmp_path / "down.csv").write_bytes(course().export())
    (tmp_path / "up.csv").write_bytes(filled(course()))
    words = ["canvas", str(tmp_path / "up.csv"), "--against", str(tmp_path / "down.csv")]
    done = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    told = " ".join(done.stdout.split())
    assert (done.exit_code, "column 'CNN (4314)': scores that change: 2." in told) == (0, True)
    assert "O'Neil, Cy 40 -> 55" in told


@pytest.mark.parametrize("how", ["a blank over a score", "a score above the maximum", "other points possible"])
def test_the_command_refuses_what_would_spoil_the_gradebook(how: str, tmp_path: Path) -> None:
    (tmp_path / "down.csv").write_bytes(course().export())
    (tmp_path / "up.csv").write_bytes(spoilt(how))
    words = ["canvas", str(tmp_path / "up.csv"), "--against", str(tmp_path / "down.csv")]
    done = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    assert (done.exit_code, re.search(SPOILS[how][1], done.stderr) is not None, done.stdout) == (2, True, "")


@pytest.mark.parametrize("missing", ["up.csv", "down.csv"])
def test_the_command_names_a_file_that_is_not_there(missing: str, tmp_path: Path) -> None:
    for name in {"up.csv", "down.csv"} - {missing}:
        (tmp_path / name).write_bytes(course().export())
    words = ["canvas", str(tmp_path / "up.csv"), "--against", str(tmp_path / "down.csv")]
    done = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    assert done.exit_code == 2
    assert f"autograder: {tmp_path / missing}: could not be read (" in done.stderr
