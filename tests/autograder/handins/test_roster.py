"""Rosters as people write them and as systems export them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from autograder.handins import Id, Person, RosterError, read_roster

if TYPE_CHECKING:
    from pathlib import Path


def roster(tmp_path: Path, text: str | bytes) -> list[Person]:
    file = tmp_path / "roster.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_roster(file)


def refusal(tmp_path: Path, text: str | bytes) -> str:
    with pytest.raises(RosterError) as caught:
        roster(tmp_path, text)
    assert "roster.csv" in str(caught.value)
    return str(caught.value)


def test_a_plain_roster(tmp_path: Path) -> None:
    assert roster(tmp_path, "student,name,email\nkim,Kim Min-jun,Kim@Uni.edu\n 07 ,Lee,\n") == [
        Person("kim", "Kim Min-jun", {Id.EMAIL: "kim@uni.edu"}),
        Person("07", "Lee", {}),
    ]


def test_columns_are_found_in_any_order_and_case(tmp_path: Path) -> None:
    assert roster(tmp_path, "notes,E-Mail Address,SECTION,Student_ID,Full Name\nx,a@b.c,1,0042,Ann\n") == [
        Person("0042", "Ann", {Id.SID: "0042", Id.EMAIL: "a@b.c"})
    ]


def test_canvas_gradebook(tmp_path: Path) -> None:
    text = (
        "Student,ID,SIS User ID,SIS Login ID,Section,HW1 (4314282),Final Score\n"
        ",,,,,Manual Posting,(read only)\n"
        "    Points Possible,,,,,100.0,(read only)\n"
        '"Kim, Min-jun",111,S1,mkim@uni.edu,"LEC A, and LEC B",,\n'
        '"O\'Neil, Ann",112,,aoneil,LEC A,3,\n'
        '"Student, Test",999,,abcdef0123,LEC A,,\n'
    )
    assert roster(tmp_path, text) == [
        Person(
            "S1", "Kim, Min-jun", {Id.CANVAS: "111", Id.SID: "S1", Id.LOGIN: "mkim@uni.edu", Id.EMAIL: "mkim@uni.edu"}
        ),
        Person("aoneil", "O'Neil, Ann", {Id.CANVAS: "112", Id.LOGIN: "aoneil"}),
    ]


def test_moodle_participants_and_grading_worksheet(tmp_path: Path) -> None:
    assert roster(
        tmp_path, '\ufeff"First name","Last name","ID number","Email address"\nAna,"Ruiz Díaz",7,a@b.c\n'
    ) == [Person("7", "Ana Ruiz Díaz", {Id.SID: "7", Id.EMAIL: "a@b.c"})]
    assert roster(
        tmp_path, "Identifier,Full name,Email address,Status,Grade\nParticipant 12345,Ana Ruiz,a@b.c,,\n"
    ) == [Person("a@b.c", "Ana Ruiz", {Id.MOODLE: "12345", Id.EMAIL: "a@b.c"})]


def test_moodle_in_korean(tmp_path: Path) -> None:
    assert roster(tmp_path, "성,이름,이메일 주소\n김,민준,a@b.c\n") == [Person("a@b.c", "김민준", {Id.EMAIL: "a@b.c"})]


def test_gradescope_roster_without_staff(tmp_path: Path) -> None:
    text = (
        "First Name,Last Name,SID,Email,Role,Section\n"
        "Ana,Ruiz,007,a@b.c,Student,\nIda,Chef,,i@b.c,Instructor,\nTim,A,,t@b.c,TA,\n"
    )
    assert roster(tmp_path, text) == [Person("007", "Ana Ruiz", {Id.SID: "007", Id.EMAIL: "a@b.c"})]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_korean_roster_in_any_encoding_and_delimiter(
    tmp_path: Path, encoding: str, delimiter: str, newline: str
) -> None:
    rows = [["학번", "이름", "이메일"], ["20231234", "김민준", "kim@uni.ac.kr"]]
    text = newline.join(delimiter.join(row) for row in rows) + newline
    assert roster(tmp_path, text.encode(encoding)) == [
        Person("20231234", "김민준", {Id.SID: "20231234", Id.EMAIL: "kim@uni.ac.kr"})
    ]


def test_what_excel_puts_first_is_understood(tmp_path: Path) -> None:
    assert roster(tmp_path, "sep=;\r\nstudent;name\r\nkim;Kim, M.\r\n") == [Person("kim", "Kim, M.")]


def test_empty_rows_and_long_rows_do_no_harm(tmp_path: Path) -> None:
    assert roster(tmp_path, "student,name\n\n,,,\nkim,Kim,,extra\nlee\n") == [
        Person("kim", "Kim"),
        Person("lee", "lee"),
    ]


def test_names_may_repeat_but_identifiers_may_not(tmp_path: Path) -> None:
    assert len(roster(tmp_path, "sid,name\n1,Kim\n2,Kim\n")) == 2
    assert "got A on line 2 and on line 4" in refusal(tmp_path, "student,name\na,Kim\nb,Kim\nA,Lee\n")
    assert "k@u.e on line 2 and on line 3" in refusal(tmp_path, "sid,email\n1,K@u.e\n2,k@u.e\n")


def test_the_line_is_the_one_in_the_file(tmp_path: Path) -> None:
    assert "line 4 and on line 6" in refusal(tmp_path, 'student,name\n\nx,"a\nb"\n\nx,Kim\n')


@pytest.mark.parametrize("text", ["", "\n\n", "a,b\n1,2\n", "email_of_nobody\n"])
def test_a_file_without_a_column_that_is_known_is_refused(tmp_path: Path, text: str) -> None:
    assert "expected a header" in refusal(tmp_path, text)


def test_a_row_of_nobody_is_refused(tmp_path: Path) -> None:
    assert "line 2: expected a person" in refusal(tmp_path, "name,role\n,Student\n")


@pytest.mark.parametrize(
    "content", [b"student\n\xff\xff\n", b"\xff\xfe\x00", "student,name\nM\u00fcl,l\n".encode("latin-1")]
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "CSV UTF-8" in refusal(tmp_path, content)


@pytest.mark.parametrize("text", ['student,name\n"a,b\n', "student\na\0b\n" + '"x"y\n'])
def test_what_is_no_csv_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    assert "expected CSV" in refusal(tmp_path, text)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RosterError, match="No such file"):
        read_roster(tmp_path / "none.csv")
    with pytest.raises(RosterError, match=r"directory|Permission|regular file"):
        read_roster(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="needs a right to make links")
def test_a_link_to_a_roster_is_the_instructors_own(tmp_path: Path) -> None:
    roster(tmp_path, "student\nkim\n")
    (tmp_path / "link.csv").symlink_to(tmp_path / "roster.csv")
    assert read_roster(tmp_path / "link.csv") == [Person("kim", "kim")]


@pytest.mark.skipif(os.name != "posix", reason="needs named pipes")
def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "roster.csv")
    with pytest.raises(RosterError, match="regular file"):
        read_roster(tmp_path / "roster.csv")


def test_escapes_in_names_are_not_passed_on(tmp_path: Path) -> None:
    assert roster(tmp_path, "student,name\na,\x1b[2JKim\n")[0].name == "\\x1b[2JKim"
