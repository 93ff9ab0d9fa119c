"""`autograder publish`: a draft writes nothing, a release is whole, private, and the same when it is done again.

Long, for what a student gets, what stops a release and what is refused are all told of one small class.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import shutil
from typing import TYPE_CHECKING

import msgspec
import pytest
from typer.testing import CliRunner

from autograder.cli import app
from autograder.gradebook import Book, Line, Releases
from autograder.handins import Id, Person
from autograder.publish.site import Site
from autograder.verdict import Status
from tests.autograder.gradebook.fakes import BAD, GOOD, POOR, Clock, attempt, key, result
from tests.autograder.publish.canvas import Assignment, Course, User

if TYPE_CHECKING:
    from pathlib import Path


def source(marker: str) -> bytes:
    return f"# {marker}\nx = 1\n".encode()


STUDENTS = ("ann", "bob", "cy", "dee", "eve", "fay")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ann and Bob are graded, Cy cannot be read, Dee is missing, Eve waits, and on Fay the grader failed."""
    with Book(tmp_path / "book", clock=Clock()) as b:
        b.add_roster([Person(s, f"NAME-{s}", {Id.SID: f"SID-{s}", Id.EMAIL: f"{s}@mail-{s}.edu"}) for s in STUDENTS])
        handed = [attempt(s, source(f"SOURCE-{s}"), origin=f"ORIGIN-{s}") for s in ("ann", "bob", "eve", "fay")]
        b.add_attempts("cnn", [*handed, attempt("cy", None, problem="PROBLEM-cy", origin="ORIGIN-cy")])
        for s, second in (("ann", Status.PASSED), ("bob", Status.FAILED), ("fay", Status.GRADER_FAULT)):
            content = source(f"SOURCE-{s}")
            b.add_result("cnn", key(content), result(content, second=second, message=f"MESSAGE-{s}"))
    return tmp_path


def run(folder: Path, *more: str, status: int = 0) -> str:
    """Publish into folder/out; return what it printed, or complained."""
    words = ["publish", "cnn", "--book", str(folder / "book"), "--to", str(folder / "out"), "--who", "kim", *more]
    done = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == status, done.output
    return " ".join((done.stdout if status == 0 else done.stderr).split())


def released(folder: Path, *more: str) -> str:
    return run(folder, "--release", *more)


def files(folder: Path) -> dict[str, bytes]:
    """Return every file, by its path."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def pages(folder: Path) -> dict[str, str]:
    """Return the pages of students, by student, as links.csv has it."""
    told = (folder / "out/private/links.csv").read_text("utf-8-sig")
    links = {row["student"]: row["page"] for row in csv.DictReader(io.StringIO(told, newline="")) if row["page"]}
    return {student: (folder / "out/public" / page).read_text("utf-8") for student, page in links.items()}


def journal(folder: Path) -> list[tuple[str, str, float | None]]:
    with Book(folder / "book") as b:
        return [
            (e.who, e.release.student, e.release.line.score if e.release.line else None)
            for e in Releases(b, "cnn").journal()
        ]


def override(folder: Path, student: str, points: float) -> None:
    words = ["book", "override", "cnn", student, str(points), "--why", "so", "--who", "lee"]
    assert CliRunner().invoke(app, [*words, "--book", str(folder / "book")]).exit_code == 0


def test_a_draft_says_what_would_change_for_whom_and_writes_nothing(folder: Path) -> None:
    before = files(folder)
    told = run(folder)
    for line in (
        "ann NAME-ann - -> 100 released for the first time",
        "bob NAME-bob - -> 60 released for the first time",
        "cy NAME-cy - -> 0 released for the first time",
        "eve NAME-eve held back, not decided: not graded yet",
        "fay NAME-fay held back, not decided: grader fault",
        "As they are: 0. Nothing to release: 1.",
        "Missing (1): dee",
        "Grader faults to look at (1): fay #1",
        "Nothing was written. --release releases it.",
    ):
        assert line in told
    assert files(folder) == before


def test_a_release_is_journalled_and_there(folder: Path) -> None:
    assert "Released to 3 students." in released(folder)
    assert journal(folder) == [("kim", "ann", 100.0), ("kim", "bob", 60.0), ("kim", "cy", 0.0)]
    assert sorted(pages(folder)) == ["ann", "bob", "cy"]
    assert "PROBLEM-cy" in pages(folder)["cy"]
    assert "<title>cnn" in pages(folder)["cy"]
    assert ("--seed" in pages(folder)["bob"], "--seed" in pages(folder)["cy"]) == (True, False)  # there is none to run
    with Book(folder / "book") as b:
        for student, release in Releases(b, "cnn").latest().items():
            assert hashlib.sha256(pages(folder)[student].encode()).hexdigest() == release.sha256
    assert "As they are: 3." in run(folder)


def test_the_journal_can_be_looked_at(folder: Path) -> None:
    released(folder)
    override(folder, "bob", 75)
    released(folder)
    words = ["book", "releases", "cnn", "--book", str(folder / "book")]
    told = CliRunner().invoke(app, words, env={"COLUMNS": "200"}).stdout
    assert len(re.findall(r"\+00:00 +kim +(?:ann|bob|cy) +(?:100|60|0|75) +[0-9a-f]{32}\.html *\n", told)) == 4
    told = CliRunner().invoke(app, [*words, "--student", "NAME-bob"], env={"COLUMNS": "200"}).stdout
    assert re.findall(r"kim +(\w+) +(\d+) ", told) == [("bob", "60"), ("bob", "75")]


def test_nobodys_page_holds_anything_of_another(folder: Path) -> None:
    released(folder)
    for student, page in pages(folder).items():
        for other in STUDENTS:
            for what in ("NAME", "SID", "SOURCE", "MESSAGE", "PROBLEM", "ORIGIN"):
                assert student == other or f"{what}-{other}" not in page
            assert student == other or f"@mail-{other}" not in page
        assert f"NAME-{student}" in page
    assert "SOURCE-ann" in pages(folder)["ann"]
    assert "MESSAGE-ann" in pages(folder)["ann"]


def test_two_who_handed_in_the_same_get_pages_of_their_own(folder: Path) -> None:
    with Book(folder / "book") as b:
        b.add_attempts("cnn", [attempt("dee", source("SOURCE-ann"), origin="ORIGIN-dee")])
    released(folder)
    both = pages(folder)
    assert ("NAME-dee" in both["dee"], "ann@" in both["dee"], "NAME-ann" in both["dee"]) == (True, False, False)


def test_pages_have_names_that_nobody_guesses_and_a_listing_tells_none(folder: Path) -> None:
    released(folder)
    names = [p.name for p in (folder / "out/public").iterdir()]
    assert "index.html" in names
    assert all(re.fullmatch(r"[0-9a-f]{32}\.html", name) for name in names if name != "index.html")
    assert len(set(names)) == 4
    index = (folder / "out/public/index.html").read_text("utf-8")
    assert not any(name[:32] in index for name in names if name != "index.html")
    everything = b"".join(files(folder / "out/public").values()).decode()
    assert not any(name[:32] in everything for name in names if name != "index.html")
    if os.name == "posix":
        assert (folder / "out/private").stat().st_mode & 0o077 == 0


def test_publishing_twice_changes_not_a_byte(folder: Path) -> None:
    released(folder, "--format", "csv", "--format", "json", "--format", "gradescope")
    before = files(folder)
    times = {p: p.stat().st_mtime_ns for p in (folder / "out/public").iterdir()}
    assert "Nothing changed." in released(folder, "--format", "csv", "--format", "json", "--format", "gradescope")
    assert files(folder) == before
    assert {p: p.stat().st_mtime_ns for p in (folder / "out/public").iterdir()} == times


def test_another_score_is_drafted_with_before_and_after_and_keeps_the_name_of_the_page(folder: Path) -> None:
    released(folder)
    names = sorted(p.name for p in (folder / "out/public").iterdir())
    override(folder, "bob", 75)
    told = run(folder)
    assert "bob NAME-bob 60 -> 75 the score changes" in told
    assert "As they are: 2." in told
    released(folder)
    assert journal(folder)[3:] == [("kim", "bob", 75.0)]
    assert sorted(p.name for p in (folder / "out/public").iterdir()) == names
    assert "75" in pages(folder)["bob"]


def test_a_page_that_says_something_else_for_the_same_score_is_drafted_as_such(folder: Path) -> None:
    released(folder)
    override(folder, "ann", 100)
    assert "ann NAME-ann 100 the score stays, the page changes" in run(folder)


def test_who_is_held_back_keeps_what_was_released_before(folder: Path) -> None:
    released(folder)
    before = pages(folder)
    override(folder, "ann", 90)
    override(folder, "bob", 75)
    assert "bob NAME-bob 60 held back (what was released before stays)" in run(folder, "--hold", "NAME-bob")
    released(folder, "--hold", "NAME-bob", "--format", "json")
    assert (pages(folder)["bob"], pages(folder)["ann"] != before["ann"]) == (before["bob"], True)
    assert journal(folder)[3:] == [("kim", "ann", 90.0)]
    told = json.loads((folder / "out/private/gradebook.json").read_bytes())
    assert {it["student"]: it["score"] for it in told["lines"]} == {
        "ann": 90.0, "bob": 60.0, "cy": 0.0, "dee": None, "eve": None, "fay": None,
    }  # fmt: skip
    released(folder)
    assert journal(folder)[4:] == [("kim", "bob", 75.0)]


def test_who_is_held_back_from_the_first_has_nothing(folder: Path) -> None:
    released(folder, "--hold", "ann")
    assert sorted(pages(folder)) == ["bob", "cy"]


def test_what_is_not_decided_any_more_stays_as_it_was_released(folder: Path) -> None:
    released(folder)
    before = pages(folder)["ann"]
    with Book(folder / "book") as b:
        b.add_attempts("cnn", [attempt("ann", POOR, number=2)])
    assert "ann NAME-ann 100 held back, not decided: not graded yet (what was released before stays)" in run(folder)
    released(folder)
    assert (pages(folder)["ann"], len(journal(folder))) == (before, 3)


def test_what_is_theirs_no_more_is_withdrawn_and_can_come_back(folder: Path) -> None:
    released(folder)
    token = next(p.name for p in (folder / "out/public").iterdir() if p.read_text("utf-8") == pages(folder)["ann"])
    with Book(folder / "book") as b:
        b.add_roster([Person(s, f"NAME-{s}") for s in STUDENTS if s != "ann"])
        first = b.roster()
    with Book(folder / "book") as b:  # now the hand-in is that of somebody who is not on the roster, by another key
        b.add_roster([*first, Person("new", "ann")])
    assert "ann NAME-ann 100 -> - withdrawn" in run(folder)
    released(folder)
    assert ("kim", "ann", None) in journal(folder)
    assert not (folder / "out/public" / token).exists()
    assert "new" in pages(folder)
    again = journal(folder)
    assert "Nothing changed." in released(folder)
    assert journal(folder) == again
    with Book(folder / "book") as b:
        b.add_roster([Person(s, f"NAME-{s}") for s in STUDENTS])
    released(folder)
    assert (folder / "out/public" / token).exists()


def test_a_score_without_a_hand_in_is_released_without_a_page(folder: Path) -> None:
    override(folder, "dee", 50)
    assert "Released without a page, for nothing was graded (1): dee" in run(folder)
    released(folder)
    assert ("kim", "dee", 50.0) in journal(folder)
    assert "dee" not in pages(folder)


def stopped_at(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Let the process die when so many pages are in place."""
    from pathlib import Path

    replace = Path.replace
    done: list[Path] = []

    def dying(self: Path, target: Path) -> Path:
        if self.parent.name == "staged":
            if len(done) == count:
                raise KeyboardInterrupt
            done.append(target)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", dying)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_release_that_dies_between_pages_is_whole_after_the_next(
    folder: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder, folder / "other")
    with monkeypatch.context() as patch:
        stopped_at(patch, count)
        CliRunner().invoke(app, _words(folder), env={"COLUMNS": "200"})
    assert len(list((folder / "out/public").glob("?" * 32 + ".html"))) == count
    assert len(journal(folder)) == 3
    override(folder, "bob", 75)  # so that the page of Bob, who is held back now, could not be made again
    assert "Nothing changed." in released(folder, "--hold", "bob")
    assert sorted(pages(folder)) == ["ann", "bob", "cy"]
    assert len(journal(folder)) == 3
    assert not (folder / "out/private/staged").exists()
    with Book(folder / "book") as b:
        for student, release in Releases(b, "cnn").latest().items():
            assert hashlib.sha256(pages(folder)[student].encode()).hexdigest() == release.sha256


def test_a_release_that_dies_before_the_journal_changes_no_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    released(folder)
    before = files(folder / "out/public")
    override(folder, "bob", 75)
    with monkeypatch.context() as patch:
        patch.setattr(Releases, "add", lambda *_a, **_k: (_ for _ in ()).throw(KeyboardInterrupt))
        CliRunner().invoke(app, _words(folder))
    assert files(folder / "out/public") == before
    assert len(journal(folder)) == 3
    released(folder, "--hold", "bob")
    assert files(folder / "out/public") == before
    released(folder)
    assert "75" in pages(folder)["bob"]


def _words(folder: Path) -> list[str]:
    where = ["--book", str(folder / "book"), "--to", str(folder / "out")]
    return ["publish", "cnn", *where, "--who", "kim", "--release"]


def test_pages_that_are_gone_come_back(folder: Path) -> None:
    released(folder)
    before = files(folder / "out/public")
    shutil.rmtree(folder / "out")
    assert "Nothing changed." in released(folder)
    assert files(folder / "out/public") == before


def test_a_page_that_is_gone_and_held_back_is_told(folder: Path) -> None:
    released(folder)
    override(folder, "bob", 75)
    shutil.rmtree(folder / "out/public")
    told = released(folder, "--hold", "bob")
    assert "cannot be made again as they were released: bob." in told


def test_the_exports_of_an_earlier_release_do_not_stay(folder: Path) -> None:
    released(folder, "--format", "csv", "--format", "gradescope")
    private = folder / "out/private"
    assert (private / "gradebook.csv").exists()
    assert len(list((private / "gradescope").iterdir())) == 2
    released(folder)
    assert not (private / "gradebook.csv").exists()
    assert not (private / "gradescope").exists()


def test_results_for_gradescope_have_the_score_of_the_gradebook(folder: Path) -> None:
    override(folder, "bob", 75)
    released(folder, "--format", "gradescope")
    told = [json.loads(p.read_bytes()) for p in (folder / "out/private/gradescope").iterdir()]
    assert sorted((it["score"], it["tests"][1]["status"]) for it in told) == [(75.0, "failed"), (100.0, "passed")]


def test_links_have_the_address_that_the_pages_will_have(folder: Path) -> None:
    released(folder, "--url", "https://uni.edu/cnn/")
    rows = list(csv.DictReader(io.StringIO((folder / "out/private/links.csv").read_text("utf-8-sig"), newline="")))
    assert [(r["student"], r["name"], r["email"], r["score"]) for r in rows][:2] == [
        ("ann", "NAME-ann", "ann@mail-ann.edu", "100"), ("bob", "NAME-bob", "bob@mail-bob.edu", "60"),
    ]  # fmt: skip
    assert all(re.fullmatch(r"https://uni\.edu/cnn/[0-9a-f]{32}\.html", r["page"]) for r in rows)


COURSE = Course(
    [User(i, f"NAME-{s}", f"SID-{s}", s) for i, s in enumerate(STUDENTS, 101)],
    [Assignment(4314, "CNN", 100, {104: "12.00"})],
)


def test_canvas_is_drafted_with_each_change_and_filled_in_at_the_release(folder: Path) -> None:
    (folder / "down.csv").write_bytes(COURSE.export())
    told = run(folder, "--canvas", str(folder / "down.csv"))
    assert "canvas.csv, column 'CNN (4314)': scores that change: 3." in told
    assert "NAME-bob - -> 60" in told
    released(folder, "--canvas", str(folder / "down.csv"))
    after = COURSE.imported((folder / "out/private/canvas.csv").read_bytes())
    assert after.scores("CNN") == {"NAME-ann": "100", "NAME-bob": "60", "NAME-cy": "0", "NAME-dee": "12.00"}


def test_canvas_knows_students_by_what_the_download_of_hand_ins_knew_them_by(folder: Path) -> None:
    with Book(folder / "book") as b:
        b.add_roster([Person("roster-key", "Another Name", {Id.SID: "77"})])
        b.add_attempts("cnn", [attempt("x", source("SOURCE-ann"), ids={Id.SID: "77", Id.CANVAS: "101"})])
    (folder / "down.csv").write_bytes(COURSE.export().replace(b"SID-", b"OTHER-"))
    told = run(folder, "--canvas", str(folder / "down.csv"), "--hold", "ann", "--hold", "bob", "--hold", "cy")
    assert "NAME-ann - -> 100" in told


def test_an_upload_that_would_spoil_a_gradebook_stops_the_release(folder: Path) -> None:
    (folder / "down.csv").write_bytes(COURSE.export().replace(b",,50", b",90,50").replace(b"100.00", b"10.00"))
    told = run(folder, "--release", "--canvas", str(folder / "down.csv"), status=2)
    assert "expected 100 points possible in 'CNN (4314)', as in the gradebook, got 10" in told
    assert journal(folder) == []
    assert list((folder / "out/public").iterdir()) == [folder / "out/public/index.html"]


def test_moodle_gets_scores_and_the_addresses_of_pages(folder: Path) -> None:
    header = "Identifier,Full name,ID number,Grade,Maximum Grade,Grade can be changed,Feedback comments\n"
    rows = "".join(f"Participant {i},NAME-{s},SID-{s},,100,Yes,\n" for i, s in enumerate(STUDENTS, 1))
    (folder / "w.csv").write_text(header + rows, "utf-8")
    released(folder, "--moodle", str(folder / "w.csv"), "--feedback", "Feedback comments", "--url", "https://uni.edu")
    table = list(csv.DictReader(io.StringIO((folder / "out/private/moodle.csv").read_text("utf-8"), newline="")))
    assert [row["Grade"] for row in table] == ["100", "60", "0", "", "", ""]
    assert re.fullmatch(r'<a href="https://uni\.edu/([0-9a-f]{32})\.html">.*', table[0]["Feedback comments"])
    assert table[3]["Feedback comments"] == ""


def test_the_json_is_the_gradebook(folder: Path) -> None:
    released(folder, "--format", "json")
    told = json.loads((folder / "out/private/gradebook.json").read_bytes())
    with Book(folder / "book") as b:
        rows = b.gradebook("cnn").rows
        lines = msgspec.convert(told["lines"], type=list[Line])
        assert [it.student for it in lines] == [r.student for r in rows]
        for it, row in zip(lines, rows, strict=True):
            final = row.state in {"graded", "unreadable"}
            assert (it.state, it.score) == (row.state, row.score if final else None)
            if final and row.counts and row.counts.result:
                assert [(c.id, c.status, c.score) for c in it.checks] == [v[:3] for v in row.counts.result.verdicts]


def strange(path: str) -> list[str]:
    return [path, f"found {path}"]


@pytest.mark.parametrize(("path", "says"), [strange(p) for p in (
    "thesis.doc", "public/photo.jpg", "public/" + "0" * 32 + ".html", "private/notes.txt", "private/gradescope/x.py",
)])  # fmt: skip
@pytest.mark.parametrize("more", [(), ("--release",)], ids=["draft", "release"])
def test_a_folder_with_other_things_in_it_is_refused(folder: Path, path: str, says: str, more: tuple[str, ...]) -> None:
    other = folder / "out" / path
    other.parent.mkdir(parents=True)
    other.write_text("mine", "utf-8")
    assert says in run(folder, *more, status=2)
    assert files(folder / "out") == {path: b"mine"}
    assert journal(folder) == []


def test_what_a_system_leaves_where_somebody_looked_is_nobodys(folder: Path) -> None:
    released(folder)
    for place in ("out", "out/public", "out/private"):
        (folder / place / ".DS_Store").touch()
    assert "Nothing changed." in released(folder)


def test_a_folder_of_another_assignment_is_refused(folder: Path) -> None:
    released(folder)
    with Book(folder / "book") as b:
        b.add_attempts("rnn", [attempt("ann", GOOD), attempt("bob", BAD)])
    words = _words(folder)
    words[1] = "rnn"
    done = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    told = " ".join(done.stderr.split())
    assert (done.exit_code, "expected a folder of its own for rnn, got that of cnn" in told) == (2, True)


def test_a_marker_that_is_not_ours_is_refused(folder: Path) -> None:
    released(folder)
    (folder / "out/private/published.json").write_text("{", "utf-8")
    assert "published.json: expected what publish writes" in run(folder, status=2)


BAD_INPUT = [
    (("--hold", "zoe"), "expected a student of this gradebook, got 'zoe'"),
    (("--format", "canvas"), "--format canvas: expected --canvas FILE"),
    (("--format", "moodle"), "--format moodle: expected --moodle FILE"),
    (("--format", "pdf"), "Invalid value for '--format'"),
    (("--canvas", "nowhere.csv"), "nowhere.csv: could not be read (No such file or directory)"),
    (("--column", "x"), "--column: expected either --canvas FILE or --moodle FILE"),
    (("--feedback", "x"), "--feedback: expected --moodle FILE and --url ADDRESS"),
    (("--release", "--who", " "), "expected a name for who does this"),
    (("--class", "nowhere.toml"), "nowhere.toml: No such file"),
]


@pytest.mark.parametrize(("more", "says"), BAD_INPUT, ids=[" ".join(m) for m, _ in BAD_INPUT])
def test_bad_input_is_a_line_and_exit_status_2_and_releases_nothing(
    folder: Path, more: tuple[str, ...], says: str
) -> None:
    assert says in run(folder, *more, status=2)
    assert journal(folder) == []


def test_a_file_in_the_place_of_the_folder_is_refused(folder: Path) -> None:
    (folder / "out").write_text("mine", "utf-8")
    assert "expected a folder to publish into, got a file" in run(folder, "--release", status=2)


def test_pages_speak_the_language_that_is_asked_for(folder: Path) -> None:
    released(folder, "--lang", "ko")
    assert '<html lang="ko"' in pages(folder)["ann"]


def test_a_site_keeps_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(tmp_path / "s", "cnn")
    site.begin({})
    site.write("links.csv", b"before")
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", lambda *_a: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            site.write("links.csv", b"after")
    assert (site.private / "links.csv").read_bytes() == b"before"
    site.check(())
    site.begin({})
    assert sorted(p.name for p in site.private.iterdir()) == ["links.csv", "published.json", "staged"]
