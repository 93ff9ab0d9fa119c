"""The seed of an assignment is drawn once for a book: nobody knows it before, and it is the same for everybody."""

from pathlib import Path

import pytest

from autograder.gradebook import Book, BookError


def test_a_book_draws_a_seed_once_for_each_assignment(tmp_path: Path) -> None:
    with Book(tmp_path / "book") as book:
        first = book.seed("cnn")
        assert 0 <= first < 2**32
        assert book.seed("cnn") == first
        assert book.seed("rnn") != first
    with Book(tmp_path / "book") as book:
        assert book.seed("cnn") == first
    with Book(tmp_path / "another") as other:
        assert other.seed("cnn") != first


def test_a_seed_that_somebody_wants_is_kept_and_no_other_is_taken_later(tmp_path: Path) -> None:
    with Book(tmp_path / "book") as book:
        assert book.seed("cnn", 7) == book.seed("cnn") == book.seed("cnn", 7) == 7
        with pytest.raises(BookError, match="expected 7, which cnn is graded with in this book, got 8"):
            book.seed("cnn", 8)
