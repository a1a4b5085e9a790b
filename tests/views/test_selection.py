"""What is asked for of a session: any value of one setting, all settings together, nothing altered."""

from __future__ import annotations

import pytest

from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument
from queuemark.views.selection import Selection, choices, read_selection, selected, selection_text
from tests.examples import case, document, trial


def held() -> SessionDocument:
    cases = [
        *(case(name, size_bytes=size, consumers=c) for name in ("tcp", "pipe") for size in (16, 1024) for c in (1, 4)),
        case("tcp", policy="buffer:16384"),
        case("unix-stream", pattern="fanout", consumers=4),
    ]
    return document(*((of, [trial(of)]) for of in cases))


def test_what_there_is_to_choose_from() -> None:
    told = choices(held())
    assert told.transports == ["tcp", "pipe", "unix-stream"]
    assert (told.consumers, told.sizes) == ([1, 4], [16, 64, 1024])
    assert (told.policies, told.patterns) == (["each", "buffer:16384"], ["share", "fanout"])


def test_any_value_of_a_setting_and_every_setting() -> None:
    part = selected(held(), Selection(transports=("tcp", "pipe"), consumers=(4,), sizes=(16,)))
    assert [(each.case.transport, each.case.workload.consumers) for each in part.cases] == [("tcp", 4), ("pipe", 4)]


@pytest.mark.parametrize(
    ("asked", "count"),
    [({"policies": "buffer:16k"}, 1), ({"patterns": "fanout"}, 1), ({"sizes": "1..64"}, 6), ({}, 10)],
)
def test_it_reads_what_a_person_types(asked: dict[str, str], count: int) -> None:
    assert len(selected(held(), read_selection(**asked)).cases) == count


def test_cases_are_passed_on_as_they_are() -> None:
    whole = held()
    part = selected(whole, Selection(transports=("pipe",)))
    assert all(any(each is of for of in whole.cases) for each in part.cases)
    assert len(whole.cases) == 10
    assert part.session is whole.session


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Selection(transports=("udp",)), r"transports: no case has udp; there are tcp, pipe, unix-stream"),
        (Selection(sizes=(2048,)), r"sizes: no case has 2 KiB; there are 16 B, 64 B, 1 KiB"),
        (Selection(transports=("pipe",), patterns=("fanout",)), r"no case .* is pipe; fanout; ask for less"),
    ],
)
def test_where_nothing_is_left_it_says_what_there_is(asked: Selection, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        selected(held(), asked)


def test_a_policy_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown policy"):
        read_selection(policies="eech")


def test_a_selection_in_words() -> None:
    whole, asked = held(), Selection(transports=("tcp", "pipe"), consumers=(1,), sizes=(16,))
    told = selection_text(whole, selected(whole, asked), asked)
    assert told == "2 of 10 cases, numbered by themselves: tcp or pipe; 16 B; to 1 consumer"
