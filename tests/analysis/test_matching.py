"""What may be compared, and what is refused unless it is asked for."""

from __future__ import annotations

import msgspec
import pytest

from queuemark.analysis.matching import check_comparable, differing
from queuemark.model.errors import UsageError
from queuemark.model.plan import Case
from queuemark.model.session import SessionDocument
from tests.examples import case, document, machine

A, B = "a" * 32, "b" * 32


def of(*cases: Case, id: str = A, **facts: object) -> SessionDocument:
    changed = msgspec.structs.replace(machine(), **facts)
    return document(*((each, []) for each in cases), id=id, machine=changed)


def test_the_same_cases_on_the_same_machine_are_compared() -> None:
    check_comparable([of(case())], [of(case(), case("pipe"), id=B)], across=False)


def test_m17_unlike_machines_are_refused_unless_asked_for() -> None:
    sides = [of(case())], [of(case(), id=B, release="6.2.0")]
    with pytest.raises(UsageError, match=r"release is '6\.1\.0-28-amd64' and '6\.2\.0'; --across"):
        check_comparable(*sides, across=False)
    check_comparable(*sides, across=True)


def test_m17_unlike_meanings_are_refused_unless_asked_for() -> None:
    spun = case(wait="spin")
    sides = [of(case(), case("pipe"))], [of(spun, case("pipe"), id=B)]
    with pytest.raises(UsageError, match=r"1 case has another meaning .* of tcp wait is block and spin; --across"):
        check_comparable(*sides, across=False)
    check_comparable(*sides, across=True)


def test_the_nearest_meaning_is_told() -> None:
    far, near = case(wait="spin", policy="split", placement="same"), case(params={"nodelay": 1})
    with pytest.raises(UsageError, match="of tcp nodelay is 0 and 1;"):
        check_comparable([of(case(), case("pipe"))], [of(far, near, id=B)], across=False)


def test_sessions_without_a_common_case_are_refused_even_across() -> None:
    with pytest.raises(UsageError, match="no case in common"):
        check_comparable([of(case())], [of(case("pipe"), id=B)], across=True)


def test_a_session_counts_once_on_a_side() -> None:
    with pytest.raises(UsageError, match="twice on one side"):
        check_comparable([of(case()), of(case())], [of(case(), id=B)], across=True)
    check_comparable([of(case())], [of(case())], across=False)


def test_every_difference_is_told() -> None:
    told = differing(case(), case("tcp", params={"nodelay": 1}, policy="split", rate_per_s=1000.0))
    assert told == "nodelay is 0 and 1, policy is each and split, rate_per_s is not said and 1000.0"
