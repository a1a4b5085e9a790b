"""Which sessions may be compared at all: like with like (M3), on one machine.

1. A ratio over two machines says which machine is faster, and over two meanings which work is less. Neither is
   what somebody wants to know who changed something, so both are refused unless it is asked for.
2. Asked for or not, a verdict is about cases of one meaning; what has no partner is left out and named.
"""

from __future__ import annotations

__all__ = ["check_comparable", "differing"]

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

from queuemark.model.errors import UsageError
from queuemark.model.machine import SAME
from queuemark.model.plan import Case, case_key
from queuemark.model.session import SessionDocument
from queuemark.model.workload import MessagesSource, Workload

_ACROSS = "--across compares nevertheless, case by case where the meaning is the same"
_SAME_CELL = ("size_bytes", "mix", "consumers")
"""What the partner of a case has like it; in anything else it may have another meaning."""


def check_comparable(a: Sequence[SessionDocument], b: Sequence[SessionDocument], *, across: bool) -> None:
    """a, b: the sessions of each side, at least one.

    Raises: UsageError when a session stands twice on a side, when they are of unlike machines or meanings and
    ``across`` was not asked for, or when they have no case in common.
    """
    for side in (a, b):
        _check_distinct(side)
    cases_a, cases_b = _cases(a), _cases(b)
    if not across:
        _check_machines([*a, *b])
        _check_meanings(cases_a, cases_b)
    if not cases_a.keys() & cases_b.keys():
        raise UsageError("A and B have no case in common; measure the same cases twice, for example with the same seed")


def differing(case: Case, other: Case) -> str:
    """In what two cases differ: ``nodelay is 0 and 1, wait is block and spin``."""
    return ", ".join(
        f"{name} is {_shown(one)} and {_shown(another)}" for name, one, another in _differences(case, other)
    )


def _shown(value: Any) -> str:
    if isinstance(value, MessagesSource):
        return value.name
    return "not said" if value is None else str(value)


def _differences(case: Case, other: Case) -> Iterator[tuple[str, Any, Any]]:
    if case.runtime != other.runtime:
        yield "runtime", case.runtime, other.runtime
    for name in dict.fromkeys((*case.params, *other.params)):
        if case.params.get(name) != other.params.get(name):
            yield name, case.params.get(name), other.params.get(name)
    for name in Workload.__struct_fields__:
        one, another = getattr(case.workload, name), getattr(other.workload, name)
        if one != another:
            yield name, one, another


def _cases(documents: Sequence[SessionDocument]) -> dict[str, Case]:
    return {case_key(result.case): result.case for document in documents for result in document.cases}


def _check_distinct(documents: Sequence[SessionDocument]) -> None:
    ids = [document.session.id for document in documents]
    twice = next((each for each in ids if ids.count(each) > 1), None)
    if twice is not None:
        raise UsageError(f"session {twice[:12]} stands twice on one side and would count twice; name it once")


def _check_machines(documents: Sequence[SessionDocument]) -> None:
    first = documents[0].session
    for document in documents[1:]:
        session = document.session
        for fact in SAME:
            one, another = getattr(first.machine, fact), getattr(session.machine, fact)
            if one != another:
                raise UsageError(
                    f"sessions {first.id[:8]} and {session.id[:8]} are of unlike machines: {fact} is {one!r} and "
                    f"{another!r}; {_ACROSS}"
                )


def _check_meanings(a: dict[str, Case], b: dict[str, Case]) -> None:
    alone_a = [case for key, case in a.items() if key not in b]
    alone_b = [case for key, case in b.items() if key not in a]
    unlike = [(case, other) for case, other in product(alone_a, alone_b) if _cell(case) == _cell(other)]
    if unlike:
        case, other = min(unlike, key=lambda pair: len(list(_differences(*pair))))
        cells = len({_cell(case) for case, _ in unlike})
        raise UsageError(
            f"{cells} {'case has' if cells == 1 else 'cases have'} another meaning in A and in B: of {case.transport} "
            f"{differing(case, other)}; {_ACROSS}"
        )


def _cell(case: Case) -> tuple[Any, ...]:
    return case.transport, *(getattr(case.workload, name) for name in _SAME_CELL)
