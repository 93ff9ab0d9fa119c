"""Whose each file of a class's download is, layout by layout, and what is said of those that are not right.

Long, for each layout has its section, and all share the small class that they lay out.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from autograder.handins import Attempt, Id, collect
from autograder.submission import MAX_BYTES, SubmissionError, read_submission
from tests.autograder.handins.build import laid_out, tarred, zipped
from tests.autograder.light import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

posix = pytest.mark.skipif(os.name != "posix", reason="needs files that only POSIX has")

GROUP = """\
---
submission_409194023:
  :submitters:
  - :name: Kim Min-jun
    :sid: '00712'
    :email: Kim@uni.edu
  - :name: Lee Ana
    :sid: 20
    :email: lee@uni.edu
  :created_at: 2026-04-26 17:34:00.861687000 Z
  :score: 2.0
  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
    score: 2.0
    output: |-
      ====
      Final Score:2.0
  :history:
  - :id: 409190000
    :created_at: 2026-04-25 17:34:00.000000000 +09:00
    :score: 1.0
  - :id: 409180000
    :created_at: 2026-04-24 17:34:00.000000000 Z
"""


def in_zip(tmp_path: Path, files: Mapping[str, str | bytes]) -> list[Attempt]:
    file = tmp_path / "hw1.zip"
    file.write_bytes(zipped(files))
    return collect(file)


def who(attempts: list[Attempt]) -> dict[str, bytes | None]:
    assert len({a.student for a in attempts}) == len(attempts)
    return {a.student: a.content for a in attempts}


def problem(attempts: list[Attempt]) -> str:
    (attempt,) = attempts
    assert attempt.content is None
    assert attempt.problem
    assert attempt.problem.isprintable()
    return attempt.problem


def refusal(path: Path) -> str:
    with pytest.raises(SubmissionError) as caught:
        collect(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


PLAIN = {"kim/assignment.py": "1", "lee/assignment.py": "2", "박/assignment.py": "3"}


@pytest.mark.parametrize("top", ["", "hw1/", "submissions/hw1/"])
def test_a_folder_of_folders_is_one_student_a_folder(tmp_path: Path, top: str) -> None:
    laid_out(tmp_path, {top + name: content for name, content in PLAIN.items()})
    assert who(collect(tmp_path)) == {"kim": b"1", "lee": b"2", "박": b"3"}


def test_a_folder_of_files_is_one_student_a_file(tmp_path: Path) -> None:
    laid_out(
        tmp_path, {"kim.py": "1", "lee.zip": zipped({"assignment.py": "2"}), "park.tar.gz": tarred({"a.py": "3"}, "gz")}
    )
    assert who(collect(tmp_path)) == {"kim": b"1", "lee": b"2", "park": b"3"}


@pytest.mark.parametrize("top", ["", "hw1/"])
def test_an_archive_of_either_is_the_same(tmp_path: Path, top: str) -> None:
    files = {top + name: content for name, content in PLAIN.items()} | {top + "choi.py": "4"}
    expected = {"kim": b"1", "lee": b"2", "박": b"3", "choi": b"4"}
    assert who(in_zip(tmp_path, files)) == expected
    (tmp_path / "hw1.tgz").write_bytes(tarred(files, "gz"))
    assert who(collect(tmp_path / "hw1.tgz")) == expected


def test_one_student_alone_is_known_by_the_folder(tmp_path: Path) -> None:
    assert who(in_zip(tmp_path, {"kim/assignment.py": "1"})) == {"kim": b"1"}
    assert who(in_zip(tmp_path, {"kim/assignment.py": "1", "kim/data.txt": "1"})) == {"kim": b"1"}
    assert who(in_zip(tmp_path, {"kim/1/assignment.py": "1"})) == {"kim": b"1"}


def test_a_file_alone_is_one_hand_in(tmp_path: Path) -> None:
    (tmp_path / "kim.py").write_text("1")
    assert who(collect(tmp_path / "kim.py")) == {"kim": b"1"}


def test_numbered_folders_of_a_student_are_attempts(tmp_path: Path) -> None:
    laid_out(
        tmp_path, {"kim/attempt_10/a.py": "3", "kim/attempt_2/a.py": "2", "kim/Attempt 1/a.py": "1", "lee/a.py": "4"}
    )
    assert [(a.student, a.number, a.content) for a in collect(tmp_path)] == [
        ("kim", 1, b"1"),
        ("kim", 2, b"2"),
        ("kim", 3, b"3"),
        ("lee", 1, b"4"),
    ]


def test_attempts_of_one_student_alone_are_attempts(tmp_path: Path) -> None:
    attempts = in_zip(tmp_path, {"kim/1/hw.py": "1", "kim/2/hw.py": "2"})
    assert [(a.student, a.content) for a in attempts] == [("kim", b"1"), ("kim", b"2")]


def test_student_numbers_are_no_numbers_of_attempts(tmp_path: Path) -> None:
    laid_out(tmp_path, {"hw1/20231234/assignment.py": "1", "hw1/20231235/assignment.py": "2"})
    assert who(collect(tmp_path)) == {"20231234": b"1", "20231235": b"2"}


def test_what_systems_leave_behind_is_nobodys(tmp_path: Path) -> None:
    files = {
        "hw1/kim/assignment.py": "1",
        "hw1/kim/._assignment.py": "junk",
        "hw1/kim/.venv/lib/assignment.py": "junk",
        "hw1/.DS_Store": "junk",
        "__MACOSX/hw1/kim/._assignment.py": "junk",
        ".git/assignment.py": "junk",
        "Thumbs.db": "junk",
        "hw1/lee/assignment.py": "2",
    }
    assert who(in_zip(tmp_path, files)) == {"kim": b"1", "lee": b"2"}
    assert who(collect(laid_out(tmp_path / "folder", files))) == {"kim": b"1", "lee": b"2"}


def test_what_an_instructor_keeps_beside_hand_ins_is_nobodys(tmp_path: Path) -> None:
    laid_out(tmp_path, {"kim.py": "1", "roster.csv": "", "class.toml": "", "hw1.db": ""})
    assert who(collect(tmp_path)) == {"kim": b"1"}


SQLITE = b"SQLite format 3\0"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("term.book-journal", b"\xd9\xd5\x05\xf9"),
        ("term.sqlite-wal", b""),
        ("term.sqlite-shm", b""),
        ("Term.DB", b""),
        ("term", SQLITE),
        ("term.grades", SQLITE),
    ],
)
def test_a_gradebook_and_what_sqlite_keeps_with_it_are_nobodys(name: str, content: bytes, tmp_path: Path) -> None:
    assert who(collect(laid_out(tmp_path / "folder", {"kim.py": "1", name: content}))) == {"kim": b"1"}
    assert who(in_zip(tmp_path, {"kim.py": "1", name: content})) == {"kim": b"1"}


def test_a_database_that_a_student_hands_in_is_the_students(tmp_path: Path) -> None:
    attempts = collect(laid_out(tmp_path, {"kim/data.db": SQLITE, "kim.py/data": SQLITE, "lee.py": SQLITE}))
    assert sorted(who(attempts)) == ["kim", "kim.py", "lee"]


@pytest.mark.skipif(sys.platform != "linux", reason="macOS and Windows have names in Unicode, whatever the locale")
def test_names_in_utf_8_are_read_as_such_in_a_locale_that_is_another(tmp_path: Path) -> None:
    folder = laid_out(tmp_path / "in", {"김민준.py": "1", "이아나/assignment.py": "2"})
    (folder / os.fsdecode(b"caf\xe9.py")).write_text("3")
    script = "import sys; from pathlib import Path; from autograder.handins import collect; "
    script += "print(sys.getfilesystemencoding(), ascii([a.student for p in sys.argv[1:] for a in collect(Path(p))]))"
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-c", script, str(folder), str(folder / "김민준.py")]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    encoding, _space, students = done.stdout.partition(" ")
    assert encoding != "utf-8"
    assert ast.literal_eval(students) == ["caf\\xe9", "김민준", "이아나", "김민준"]


def test_assignment_py_wins_over_other_files(tmp_path: Path) -> None:
    files = {
        "kim/helper.py": "x",
        "kim/Assignment.py": "1",
        "kim/old/assignment.py": "x",
        "lee/hw.py": "2",
        "lee/b.txt": "",
    }
    assert who(in_zip(tmp_path, files)) == {"kim": b"1", "lee": b"2"}


def test_several_python_files_are_a_problem_that_names_them(tmp_path: Path) -> None:
    files = {"kim/a.py": "1", "kim/b.py": "2", "kim/1.txt": "", "lee.py": ""}
    said = problem(collect(laid_out(tmp_path, files))[:1])
    assert said.startswith("kim: expected one Python file, or one named assignment.py, got a.py, b.py.")


def test_many_files_are_not_all_named(tmp_path: Path) -> None:
    assert "and 4 more" in problem(
        collect(laid_out(tmp_path, {"lee.py": ""} | {f"kim/{i}.py": "" for i in range(9)}))[:1]
    )


@pytest.mark.parametrize("name", ["hw.ipynb", "hw.rar", "hw.7z", "hw.pdf", "assignment.pyc"])
def test_what_is_not_python_is_a_problem_that_names_it(tmp_path: Path, name: str) -> None:
    said = problem(in_zip(tmp_path, {f"kim/{name}": "x"}))
    assert f"expected a Python file, got {name}." in said
    assert "notebook must be saved" in said


def test_an_empty_folder_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "kim").mkdir()
    assert "no file at all" in problem(collect(tmp_path))
    assert "no file at all" in problem(in_zip(tmp_path / "kim", {"lee/": ""}))


def test_an_archive_in_an_archive_of_a_student_is_not_opened(tmp_path: Path) -> None:
    twice = zipped({"hw.zip": zipped({"assignment.py": "1"})})
    assert "got hw.zip" in problem(in_zip(tmp_path, {"kim/kim.zip": twice}))


def test_a_bad_hand_in_is_nobody_elses_problem(tmp_path: Path) -> None:
    bomb = zipped({"assignment.py": "1", "bomb": bytes(42 << 20)})
    files: dict[str, str | bytes] = {
        "bomb.zip": bomb,
        "broken.zip": zipped({"assignment.py": "1"})[:-9],
        "large.py": "#" * (MAX_BYTES + 1),
        "nul.py": "\0",
        "latin.py": b"\xff",
        "escape/../../x.py": "",
        "kim.py": "1",
    }
    attempts = in_zip(tmp_path, files)
    assert [a.student for a in attempts if not a.problem] == ["kim"]
    assert {a.student for a in attempts if a.problem} == {"bomb", "broken", "large", "nul", "latin", "escape"}
    assert all(a.content is None and a.problem.isprintable() for a in attempts if a.problem)
    assert "leads out" in next(a.problem for a in attempts if a.student == "escape")


def test_canvas_tells_the_student_the_number_and_lateness(tmp_path: Path) -> None:
    late, anna, smith = in_zip(
        tmp_path,
        {
            "kimminjun_LATE_12345_67890_assignment.py": "1",
            "annaleeo_54321_67891_my_hw_2.py": "2",
            "smith2nd_54322_67892_assignment.py": "3",
        },
    )[1:2] + [a for a in collect(tmp_path / "hw1.zip") if a.student != "kimminjun"]
    assert (late.student, late.ids, late.late) == ("kimminjun", {Id.CANVAS: "12345"}, True)
    assert late.origin == "kimminjun_LATE_12345_67890_assignment.py"
    assert (anna.student, anna.ids, anna.late, anna.content) == ("annaleeo", {Id.CANVAS: "54321"}, False, b"2")
    assert smith.student == "smith2nd"


def test_canvas_uploads_of_one_name_are_attempts_in_their_order(tmp_path: Path) -> None:
    attempts = in_zip(
        tmp_path,
        {
            "kim_1_1000_assignment-10.py": "3",
            "kim_LATE_1_800_assignment-2.py": "2",
            "kim_1_70_assignment.py": "1",
            "kim_1_71_helper.py": "x",
        },
    )
    assert [(a.number, a.content, a.late) for a in attempts] == [(1, b"1", False), (2, b"2", True), (3, b"3", False)]


def test_canvas_files_of_different_names_are_one_attempt(tmp_path: Path) -> None:
    said = problem(in_zip(tmp_path, {"kim_1_70_a.py": "1", "kim_1_71_b.py": "2"}))
    assert "got kim_1_70_a.py, kim_1_71_b.py" in said


def test_canvas_archives_are_opened(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"kim_1_70_hw.zip": zipped({"hw/assignment.py": "1"}), "kim_1_71_plot.png": b""}
    assert who(in_zip(tmp_path, files)) == {"kim": b"1"}


def test_canvas_archives_of_one_name_are_attempts(tmp_path: Path) -> None:
    first, second = (zipped({"assignment.py": content}) for content in "12")
    attempts = in_zip(tmp_path, {"kim_1_71_hw-1.zip": second, "kim_1_70_hw.zip": first, "kim_1_72_plot.png": b""})
    assert [(a.number, a.content) for a in attempts] == [(1, b"1"), (2, b"2")]


@pytest.mark.parametrize("name", ["kim_1_70_hw.py", "kim_1_assignsubmission_file/assignment.py"])
def test_one_student_alone_in_a_folder_of_a_download_keeps_the_name(tmp_path: Path, name: str) -> None:
    assert who(in_zip(tmp_path, {f"submissions/{name}": "1"})) == {"kim": b"1"}


def test_canvas_anonymous_hand_ins_keep_apart(tmp_path: Path) -> None:
    attempts = in_zip(tmp_path, {"anon_ab12c_70_assignment.py": "1", "LATE_anon_zz99z_71_assignment.py": "2"})
    assert who(attempts) == {"anon_ab12c": b"1", "anon_zz99z": b"2"}
    assert [a.late for a in attempts] == [False, True]
    assert not any(a.ids for a in attempts)


@pytest.mark.parametrize("name", ["kim_1_text.html", "kim_LATE_1_link.html"])
def test_canvas_text_is_a_problem(tmp_path: Path, name: str) -> None:
    attempts = in_zip(tmp_path, {name: "<p>"})
    assert attempts[0].ids == {Id.CANVAS: "1"}
    assert f"got {name}" in problem(attempts)


def test_two_students_of_one_name_are_told_apart(tmp_path: Path) -> None:
    assert who(in_zip(tmp_path, {"kim_1_70_a.py": "1", "kim_2_71_a.py": "2"})) == {"kim (1)": b"1", "kim (2)": b"2"}


@pytest.mark.parametrize("end", ["_assignsubmission_file/", "_assignsubmission_file_/", "_assignsubmission_file_"])
def test_moodle_tells_the_full_name_and_the_participant(tmp_path: Path, end: str) -> None:
    attempts = in_zip(
        tmp_path, {f"Núria O'Neil-Ko_12345{end}assignment.py": "1", f"김 민준_12346{end}assignment.py": "2"}
    )
    assert who(attempts) == {"Núria O'Neil-Ko": b"1", "김 민준": b"2"}
    assert [a.ids for a in attempts] == [{Id.MOODLE: "12345"}, {Id.MOODLE: "12346"}]
    assert attempts[0].name == "Núria O'Neil-Ko"


def test_moodle_one_student_alone_keeps_the_name(tmp_path: Path) -> None:
    files = {"A B_1_assignsubmission_file/hw.py": "1", "A B_1_assignsubmission_file/notes/a.txt": ""}
    assert who(in_zip(tmp_path, files)) == {"A B": b"1"}


def test_moodle_files_come_before_text(tmp_path: Path) -> None:
    attempts = in_zip(
        tmp_path,
        {
            "A B_1_assignsubmission_onlinetext/onlinetext.html": "<p>",
            "A B_1_assignsubmission_file/hw.py": "1",
            "C D_2_assignsubmission_onlinetext_onlinetext.html": "<p>",
        },
    )
    assert attempts[0].content == b"1"
    assert "got C D_2_assignsubmission_onlinetext_onlinetext.html" in problem(attempts[1:])


def test_moodle_blind_participants_keep_apart(tmp_path: Path) -> None:
    files = {f"Participant_{i}_assignsubmission_file/assignment.py": str(i) for i in (1, 2)}
    assert who(in_zip(tmp_path, files)) == {"Participant (1)": b"1", "Participant (2)": b"2"}


def gradescope(tmp_path: Path, metadata: str, files: Mapping[str, str | bytes] | None = None) -> list[Attempt]:
    top = "assignment_8046601_export/"
    inside = {"submission_409194023/hw.py": "2"} if files is None else files
    return in_zip(tmp_path, {f"{top}submission_metadata.yml": metadata} | {top + n: c for n, c in inside.items()})


def test_gradescope_tells_people_times_and_groups(tmp_path: Path) -> None:
    attempts = gradescope(tmp_path, GROUP)
    assert [(a.student, a.name, a.ids) for a in attempts] == [
        ("kim@uni.edu", "Kim Min-jun", {Id.EMAIL: "kim@uni.edu", Id.SID: "00712"}),
        ("lee@uni.edu", "Lee Ana", {Id.EMAIL: "lee@uni.edu", Id.SID: "20"}),
    ]
    assert all(a.submitted_at == datetime(2026, 4, 26, 17, 34, 0, 861687, UTC) for a in attempts)
    assert all(a.content == b"2" and a.origin == "submission_409194023" for a in attempts)


def test_gradescope_history_is_attempts_where_its_files_are_there(tmp_path: Path) -> None:
    files = {f"submission_4091{number}/hw.py": number for number in ("94023", "90000", "80000")}
    attempts = [a for a in gradescope(tmp_path, GROUP, files) if a.name == "Lee Ana"]
    assert [(a.number, a.content) for a in attempts] == [(1, b"80000"), (2, b"90000"), (3, b"94023")]
    assert str(attempts[1].submitted_at) == "2026-04-25 08:34:00+00:00"


def test_gradescope_names_without_files_and_files_without_names_are_told(tmp_path: Path) -> None:
    attempts = gradescope(tmp_path, "submission_1:\n  :submitters:\n  - :name: A\n", {"submission_2/hw.py": "2"})
    assert [(a.student, a.content) for a in attempts] == [("A", None), ("submission_2", b"2")]
    assert "no file at all" in attempts[0].problem


def test_gradescope_knows_some_by_less_than_an_address(tmp_path: Path) -> None:
    told = (
        "submission_1:\n  :submitters:\n  - :name: A\n    :sid: '7'\n    :email: ~\nsubmission_2:\n  :submitters: []\n"
    )
    attempts = gradescope(tmp_path, told, {"submission_1/hw.py": "1", "submission_2/hw.py": "2"})
    assert who(attempts) == {"7": b"1", "submission_2": b"2"}
    assert attempts[0].submitted_at is None


@pytest.mark.parametrize(
    "metadata",
    [
        "submission_1:\n  :submitters: [{':name': A}]\n  :results: " + "[" * 100 + "]" * 100,
        "[" * 100_000,
        "a: &a [*a]",
        "a: *b",
        "a: [",
        "- 1",
        "",
        "submission_1: 1",
        "submission_1:\n  :submitters: x",
        "submission_1:\n  :submitters: [x]",
        "submission_1:\n  :submitters: &a [{}" + ", {}" * 100 + "]",
        "a: \0",
    ],
)
def test_gradescope_metadata_that_is_not_are_refused(tmp_path: Path, metadata: str) -> None:
    with pytest.raises(SubmissionError, match="expected what Gradescope exports") as caught:
        gradescope(tmp_path, metadata)
    assert str(caught.value).isprintable()


def test_gradescope_metadata_may_share_what_it_says_twice(tmp_path: Path) -> None:
    told = "submission_1: &one\n  :submitters: [{':name': A}]\nsubmission_2: *one\n"
    attempts = gradescope(tmp_path, told, {"submission_1/hw.py": "1", "submission_2/hw.py": "2"})
    assert [(a.student, a.content) for a in attempts] == [("A", b"1"), ("A", b"2")]


def test_aliases_of_aliases_are_no_bomb(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 40)]
    bomb = "submission_1:\n  :submitters: [{':name': A}]\n  :results:\n" + "".join(f"    {line}\n" for line in lines)
    assert gradescope(tmp_path, bomb, {"submission_1/hw.py": "1"})[0].content == b"1"


def test_nothing_is_constructed_from_tags(tmp_path: Path) -> None:
    told = (
        "submission_1:\n  :submitters: [{':name': A}]\n  :results: !!python/object/apply:os.mkdir ["
        + str(tmp_path / "ran")
        + "]\n"
    )
    assert gradescope(tmp_path, told, {"submission_1/hw.py": "1"})[0].content == b"1"
    assert not (tmp_path / "ran").exists()


@posix
def test_links_pipes_and_what_cannot_be_read_are_their_own_problem(tmp_path: Path) -> None:
    folder = laid_out(tmp_path / "hw1", {"kim/assignment.py": "1", "park/assignment.py": "x"})
    (tmp_path / "secret.py").write_text("secret")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "assignment.py").write_text("secret")
    (folder / "lee").mkdir()
    (folder / "lee" / "assignment.py").symlink_to(tmp_path / "secret.py")
    (folder / "choi").symlink_to(tmp_path / "secrets")
    (folder / "loop").symlink_to(folder)
    (folder / "jung").mkdir()
    os.mkfifo(folder / "jung" / "assignment.py")
    attempts = {a.student: a for a in collect(folder)}
    assert attempts["kim"].content == b"1"
    for student in ("lee", "choi", "loop"):
        assert "link" in attempts[student].problem
    assert "regular file" in attempts["jung"].problem
    assert not any(a.content == b"secret" for a in attempts.values())


@posix
def test_links_in_a_hidden_folder_are_nobodys(tmp_path: Path) -> None:
    laid_out(tmp_path, {"kim.py": "1", ".venv/bin/activate": ""})
    (tmp_path / ".venv" / "bin" / "python").symlink_to("/usr/bin/python3")
    assert who(collect(tmp_path)) == {"kim": b"1"}


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_its_own_problem(tmp_path: Path) -> None:
    folder = laid_out(tmp_path / "hw1", {"kim/assignment.py": "1", "park/assignment.py": "x"})
    (folder / "park").chmod(0)
    try:
        kim, park = collect(folder)
    finally:
        (folder / "park").chmod(0o700)
    assert kim.content == b"1"
    assert "could not be read" in park.problem


def test_a_folder_that_the_system_does_not_let_us_read_is_its_own_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = laid_out(tmp_path / "hw1", {"kim/assignment.py": "1", "park/assignment.py": "x"})
    scandir = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("park"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    kim, park = collect(folder)
    assert kim.content == b"1"
    assert park.problem == "park: not read: it could not be read (Permission denied)."


@posix
def test_names_that_a_terminal_would_act_on_are_escaped(tmp_path: Path) -> None:
    for name in (b"a\x1b[2J", b"b\nc", b"d\xff", "e\u202e".encode()):
        folder = os.fsencode(tmp_path) + b"/" + name
        os.mkdir(folder)
        with open(folder + b"/assignment.py", "w") as file:
            file.write("1")
    attempts = collect(tmp_path)
    assert [a.student for a in attempts] == ["a\\x1b[2J", "b\\nc", "d\\xff", "e\\u202e"]
    assert all(a.content == b"1" and a.origin.isprintable() for a in attempts)


def test_the_order_is_the_same_whatever_the_order_in_the_download(tmp_path: Path) -> None:
    files = [(f"s{i}/assignment.py", str(i)) for i in range(20)]
    assert in_zip(tmp_path, dict(files)) == in_zip(tmp_path, dict(reversed(files)))


def test_nothing_is_written_beside_what_is_read(tmp_path: Path) -> None:
    folder = laid_out(tmp_path / "hw1", {"kim.zip": zipped({"assignment.py": "1"}), "lee/assignment.py": "2"})
    before = sorted(tmp_path.rglob("*"))
    collect(folder)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_holds_no_hand_ins_is_refused(tmp_path: Path) -> None:
    assert "found none" in refusal(tmp_path)
    (tmp_path / "hw1.zip").write_bytes(zipped({}))
    assert "found none" in refusal(tmp_path / "hw1.zip")
    assert "No such file" in refusal(tmp_path / "none.zip")
    (tmp_path / "notes.txt").write_text("x")
    assert "neither a zip nor a tar" in refusal(tmp_path / "notes.txt")


@pytest.mark.parametrize(
    "content", [zipped({"hw1/assignment.py": "x = 1\n", "hw1/notes.txt": ""}), tarred({"a.py": "x = 1\n"}, "xz")]
)
def test_an_archive_of_one_hand_in_can_be_checked(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / ("kim.zip" if content[:2] == b"PK" else "kim.tar.xz")
    file.write_bytes(content)
    submission = read_submission(file)
    assert (submission.source, submission.path) == ("x = 1\n", file)


def test_an_archive_that_cannot_be_checked_says_why(tmp_path: Path) -> None:
    file = tmp_path / "kim.zip"
    file.write_bytes(zipped({"../assignment.py": ""}))
    with pytest.raises(SubmissionError, match=r"kim\.zip: this archive is not opened: .*leads out"):
        read_submission(file)
    file.write_bytes(zipped({"a.py": "", "b.py": ""}))
    with pytest.raises(SubmissionError, match=r"kim\.zip: expected one Python file, .* got a\.py, b\.py"):
        read_submission(file)
