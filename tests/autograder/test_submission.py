"""What may be handed in, and what is said about the rest."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from autograder.submission import MAX_BYTES, Submission, SubmissionError, read_submission


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "assignment.py"


def refusal(path: Path) -> str:
    with pytest.raises(SubmissionError) as caught:
        read_submission(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_file_is_read_and_hashed_byte_for_byte(file: Path) -> None:
    content = b"x = 1\r\nname = '\xed\x95\x9c'\r\n"
    file.write_bytes(content)
    expected = Submission(file, hashlib.sha256(content).hexdigest(), "x = 1\nname = '한'\n")
    assert read_submission(file) == expected
    assert read_submission(str(file)) == expected


def test_a_folder_means_the_assignment_in_it(file: Path) -> None:
    file.write_text("x = 1\n")
    (file.parent / "numpy.py").write_text("raise SystemExit\n")
    assert read_submission(file.parent).path == file


def test_any_name_ending_in_py_will_do(tmp_path: Path) -> None:
    file = tmp_path / "kim_2.py"
    file.write_text("x = 1\n")
    assert read_submission(file).source == "x = 1\n"


def test_an_empty_file_is_a_hand_in(file: Path) -> None:
    file.touch()
    assert read_submission(file).source == ""


def test_reading_neither_runs_nor_parses(file: Path, tmp_path: Path) -> None:
    file.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\ndef broken(:\n")
    assert "broken(:" in read_submission(file).source
    assert not (tmp_path / "ran").exists()


def test_a_declared_encoding_is_respected(file: Path) -> None:
    file.write_bytes("# -*- coding: euc-kr -*-\nname = '한'\n".encode("euc-kr"))
    assert "한" in read_submission(file).source


def test_a_byte_order_mark_is_no_part_of_the_source(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbfx = 1\n")
    assert read_submission(file).source == "x = 1\n"


@pytest.mark.parametrize(
    "content", [b"x = '\xff'\n", b"# coding: no-such-codec\n", b"# coding: ascii\nx = '\xc3\xa9'\n", b"# coding: hex\n"]
)
def test_what_is_not_text_in_its_encoding_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert "UTF-8" in refusal(file)


def test_nul_bytes_are_refused_with_their_line(file: Path) -> None:
    file.write_bytes(b"x = 1\ny = '\0'\n")
    assert "line 2" in refusal(file)


def test_a_file_may_have_the_largest_size_and_no_more(file: Path) -> None:
    file.write_bytes(b"#" * MAX_BYTES)
    assert len(read_submission(file).source) == MAX_BYTES
    file.write_bytes(b"#" * (MAX_BYTES + 1))
    assert str(MAX_BYTES) in refusal(file)


def test_nothing_there_is_refused(tmp_path: Path) -> None:
    assert "nothing there" in refusal(tmp_path / "none.py")
    assert "assignment.py" in refusal(tmp_path)


def test_a_path_through_a_file_is_refused(file: Path) -> None:
    file.touch()
    refusal(file / "assignment.py")


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    notebook = tmp_path / "assignment.ipynb"
    notebook.touch()
    assert "*.py" in refusal(notebook)


def test_a_folder_in_place_of_the_file_is_refused(file: Path) -> None:
    file.mkdir()
    assert "regular file" in refusal(file.parent)


@pytest.mark.skipif(os.name != "posix", reason="needs a right to make links")
def test_symbolic_links_are_refused(tmp_path: Path, file: Path) -> None:
    (tmp_path / "secret.py").write_text("answer = 42\n")
    file.symlink_to(tmp_path / "secret.py")
    assert "symbolic link" in refusal(file)
    assert "symbolic link" in refusal(file.parent)
    folder = tmp_path / "linked.py"
    folder.symlink_to(tmp_path, target_is_directory=True)
    assert "symbolic link" in refusal(folder)


@pytest.mark.skipif(os.name != "posix", reason="needs named pipes")
def test_a_named_pipe_is_refused_and_not_waited_for(file: Path) -> None:
    os.mkfifo(file)
    assert "regular file" in refusal(file)


@pytest.mark.parametrize(
    "content",
    [b"# coding: utf-7\nX = '+2AA-'\n", b"# coding: unicode_escape\nX = '\\ud800'\n"],
    ids=["utf-7", "unicode_escape"],
)
def test_half_characters_which_no_text_can_hold_are_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "assignment.py").write_bytes(content)
    with pytest.raises(SubmissionError, match="surrogates not allowed"):
        read_submission(tmp_path)
