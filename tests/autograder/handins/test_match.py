"""Whose an attempt is: what identifies a person, in which order, and when nobody is named rather than a wrong one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.handins import Attempt, Id, Matched, Person, match

KIM = Person("S1", "Kim, Min-jun", {Id.CANVAS: "111", Id.SID: "S1", Id.EMAIL: "kim@uni.edu"})
LEE = Person("S2", "Ana María Lee", {Id.SID: "S2", Id.EMAIL: "lee@uni.edu", Id.LOGIN: "alee"})
PARK = Person("20231234", "박서연", {Id.SID: "20231234"})
PEOPLE = [KIM, LEE, PARK]


def person(attempt: Attempt, people: list[Person] = PEOPLE) -> str:
    """Return who it is: a key of the roster, "nobody", or the keys that it may be."""
    found = match([attempt], people)
    if found.attempts:
        assert not found.unmatched
        assert not found.ambiguous
        return found.attempts[0].student
    return "nobody" if found.unmatched else " or ".join(p.student for p in found.ambiguous[0].people)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ({Id.CANVAS: "111"}, "S1"),
        ({Id.SID: "s2"}, "S2"),
        ({Id.LOGIN: "ALEE"}, "S2"),
        ({Id.EMAIL: "kim@uni.edu"}, "S1"),
        ({Id.SID: "S1", Id.EMAIL: "lee@uni.edu"}, "S1"),  # identifiers come before e-mail
        ({Id.CANVAS: "111", Id.SID: "S2"}, "S1 or S2"),
        ({Id.CANVAS: "20231234"}, "nobody"),  # another system's number
        ({Id.SID: "S9", Id.EMAIL: "kim@uni.edu"}, "S1"),
    ],
)
def test_identifiers_come_first_then_mail(ids: dict[Id, str], expected: str) -> None:
    assert person(Attempt("x", ids=ids)) == expected


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("S1", "S1"),
        ("alee", "S2"),
        ("lee@uni.edu", "S2"),
        ("20231234", "20231234"),
        ("hw1_20231234_박서연", "20231234"),
        ("박서연(20231234)", "20231234"),
        ("20231234 20239999", "20231234"),
        ("20239999_박서연", "nobody"),  # a name is not believed against a number
        ("박서연", "20231234"),
        ("박 서연", "20231234"),
        ("hw_박서연", "nobody"),
        ("Min-jun Kim", "S1"),
        ("kim_minjun", "S1"),
        ("KIMMINJUN", "S1"),
        ("ＫＩＭ　Min Jun", "S1"),
        ("leeanamaría", "S2"),
        ("leeanamari\u0301a", "S2"),
        ("María Lee Ana", "S2"),
        ("Ana Lee", "nobody"),
        ("111", "nobody"),
        ("...", "nobody"),
    ],
)
def test_folders_and_files_are_named_in_many_ways(label: str, expected: str) -> None:
    assert person(Attempt(label)) == expected


def test_a_name_that_two_people_bear_is_left_to_a_human() -> None:
    people = [Person("1", "Kim Minjun"), Person("2", "Minjun, Kim")]
    assert person(Attempt("kimminjun", ids={Id.CANVAS: "5"}), people) == "1 or 2"


def test_a_name_is_not_believed_against_an_identifier() -> None:
    assert person(Attempt("kimminjun", ids={Id.CANVAS: "222"})) == "nobody"
    assert person(Attempt("kimminjun", ids={Id.MOODLE: "222"})) == "S1"
    assert person(Attempt("x@y.z", name="Min-jun Kim", ids={Id.EMAIL: "x@y.z"})) == "S1"


def test_two_accounts_of_one_name_are_left_to_a_human() -> None:
    people = [Person("1", "Kim Minjun")]
    attempts = [Attempt(f"kimminjun ({i})", "kimminjun", {Id.CANVAS: str(i)}) for i in (5, 6)]
    found = match(attempts, people)
    assert [(a.attempt, a.people) for a in found.ambiguous] == [(a, (people[0],)) for a in attempts]
    assert found.missing == (people[0],)


def test_an_account_that_is_known_is_not_held_up_by_another_of_its_name() -> None:
    people = [Person("1", "Kim Minjun", {Id.EMAIL: "kim@uni.edu"})]
    known = Attempt("kim@uni.edu", "Kim Minjun", {Id.EMAIL: "kim@uni.edu"})
    other = Attempt("kim@home.org", "Kim Minjun", {Id.EMAIL: "kim@home.org"})
    found = match([other, known], people)
    assert [a.student for a in found.attempts] == ["1"]
    assert [a.attempt for a in found.ambiguous] == [other]
    assert not found.missing


def test_those_who_handed_in_nothing_are_missing() -> None:
    assert match([Attempt("S2")], PEOPLE).missing == (KIM, PARK)


def test_an_attempt_becomes_the_persons() -> None:
    (attempt,) = match([Attempt("kimminjun", "kimminjun", {Id.CANVAS: "111"}, content=b"1")], PEOPLE).attempts
    expected = {Id.CANVAS: "111", Id.SID: "S1", Id.EMAIL: "kim@uni.edu"}
    assert attempt == Attempt("S1", "Kim, Min-jun", expected, content=b"1")


def test_the_address_to_upload_to_stays_that_of_the_system() -> None:
    ids = {Id.SID: "S1", Id.EMAIL: "private@home.org"}
    assert match([Attempt("x", ids=ids)], PEOPLE).attempts[0].ids[Id.EMAIL] == "private@home.org"


def test_attempts_are_counted_over_all_that_a_person_handed_in() -> None:
    times = [datetime(2026, 1, day, tzinfo=UTC) for day in (3, 1, 2)]
    attempts = [Attempt("x", ids={Id.SID: "S1"}, submitted_at=time, origin=str(time.day)) for time in times]
    assert [(a.number, a.origin) for a in match(attempts, PEOPLE).attempts] == [(1, "1"), (2, "2"), (3, "3")]


def everything(found: Matched) -> list[str]:
    return sorted([a.origin for a in (*found.attempts, *found.unmatched)] + [a.attempt.origin for a in found.ambiguous])


WORDS = st.sampled_from(["kim", "Min", "jun", "lee", "Ana", "1001", "1002", "박", "-"])
NAMES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
IDS = st.dictionaries(st.sampled_from(list(Id)), st.sampled_from(["1001", "1002", "kim@u.e"]), max_size=2)


@given(st.lists(st.tuples(NAMES, NAMES, IDS)), st.lists(st.tuples(NAMES, IDS), max_size=6))
def test_each_attempt_is_told_once_and_nobody_with_one_is_missing(
    handed_in: list[tuple[str, str, dict[Id, str]]], enrolled: list[tuple[str, dict[Id, str]]]
) -> None:
    attempts = [Attempt(label, name, ids, origin=str(i)) for i, (label, name, ids) in enumerate(handed_in)]
    people = [Person(f"key {i}", name, ids) for i, (name, ids) in enumerate(enrolled)]
    found = match(attempts, people)
    assert everything(found) == sorted(a.origin for a in attempts)
    assert {a.student for a in found.attempts} | {p.student for p in found.missing} == {p.student for p in people}
    assert not {a.student for a in found.attempts} & {p.student for p in found.missing}
    for p in people:
        numbers = [a.number for a in found.attempts if a.student == p.student]
        assert numbers == list(range(1, len(numbers) + 1))


@given(st.lists(st.tuples(NAMES, NAMES, IDS)), st.lists(st.tuples(NAMES, IDS), max_size=6))
def test_the_order_of_the_roster_changes_nothing(
    handed_in: list[tuple[str, str, dict[Id, str]]], enrolled: list[tuple[str, dict[Id, str]]]
) -> None:
    attempts = [Attempt(label, name, ids, origin=str(i)) for i, (label, name, ids) in enumerate(handed_in)]
    people = [Person(f"key {i}", name, ids) for i, (name, ids) in enumerate(enrolled)]
    one, other = match(attempts, people), match(attempts, people[::-1])
    assert {(a.student, a.origin) for a in one.attempts} == {(a.student, a.origin) for a in other.attempts}
    assert one.unmatched == other.unmatched


def test_a_class_of_many_is_matched_in_one_pass() -> None:
    count = 20_000
    people = [Person(f"k{i}", f"Given{i} Family{i}") for i in range(count)]
    found = match([Attempt(f"family{i}given{i}") for i in range(count)], people)
    assert len(found.attempts) == count
