"""Which cases of a session are asked for: by mechanism, number of consumers, size, policy and pattern.

Of one setting any of the values asked for will do, of several settings each must fit; a setting that nobody asks about
rules nothing out. Of a mix of sizes the largest counts.
"""

from __future__ import annotations

__all__ = ["Choices", "Selection", "choices", "read_selection", "selected", "selection_text"]

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from queuemark.model.errors import UsageError
from queuemark.model.plan import Case
from queuemark.model.session import SessionDocument
from queuemark.model.units import format_bytes, parse_byte_list, parse_count_list
from queuemark.model.workload import read_policy
from queuemark.views.naming import policy_text
from queuemark.views.numbers import counted

T = TypeVar("T")


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """sizes: in bytes. policies: as a workload has them (``buffer:16384``). An empty one takes all."""

    transports: tuple[str, ...] = ()
    consumers: tuple[int, ...] = ()
    sizes: tuple[int, ...] = ()
    policies: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__struct_fields__)

    def takes(self, case: Case) -> bool:
        return all(not asked or has in asked for asked, has in self._sides(case))

    def _sides(self, case: Case) -> Iterable[tuple[Sequence[object], object]]:
        load = case.workload
        yield self.transports, case.transport
        yield self.consumers, load.consumers
        yield self.sizes, load.size_bytes
        yield self.policies, load.policy
        yield self.patterns, load.pattern


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to choose from, each value once; transports, policies and patterns as the session has them."""

    transports: list[str]
    consumers: list[int]
    sizes: list[int]
    policies: list[str]
    patterns: list[str]


def choices(document: SessionDocument) -> Choices:
    cases = [result.case for result in document.cases]
    return Choices(
        transports=list(dict.fromkeys(case.transport for case in cases)),
        consumers=sorted({case.workload.consumers for case in cases}),
        sizes=sorted({case.workload.size_bytes for case in cases}),
        policies=list(dict.fromkeys(case.workload.policy for case in cases)),
        patterns=list(dict.fromkeys(case.workload.pattern for case in cases)),
    )


def selected(document: SessionDocument, selection: Selection) -> SessionDocument:
    """The document with the cases that the selection takes, as they are.

    Raises: UsageError when nothing is left, with what there is.
    """
    if not selection:
        return document
    _check(selection, choices(document))
    cases = [result for result in document.cases if selection.takes(result.case)]
    if not cases:
        raise UsageError(f"no case of session {document.session.id[:8]} is {_words(selection)}; ask for less at once")
    return msgspec.structs.replace(document, cases=cases)


def _check(selection: Selection, held: Choices) -> None:
    """Raises: UsageError for a setting of which no case has any of the values."""
    for name in selection.__struct_fields__:
        asked, known = getattr(selection, name), getattr(held, name)
        if asked and not set(asked) & set(known):
            show = _SHOWN.get(name, str)
            raise UsageError(
                f"{name}: no case has {', '.join(map(show, asked))}; there are {', '.join(map(show, known))}"
            )


_SHOWN: dict[str, Callable[..., str]] = {"sizes": format_bytes, "policies": policy_text}


def selection_text(document: SessionDocument, part: SessionDocument, selection: Selection) -> str:
    """``2 of 60 cases, numbered by themselves: tcp or pipe; to 1 consumer``; part: what was selected."""
    return f"{len(part.cases)} of {counted(len(document.cases), 'case')}, numbered by themselves: {_words(selection)}"


def _words(selection: Selection) -> str:
    consumers = " or ".join(map(str, selection.consumers))
    told = [
        " or ".join(selection.transports),
        " or ".join(map(format_bytes, selection.sizes)),
        f"to {consumers} consumer{'s' * (consumers != '1')}" if consumers else "",
        " or ".join(map(policy_text, selection.policies)),
        " or ".join(selection.patterns),
    ]
    return "; ".join(part for part in told if part)


def read_selection(
    transports: str = "", consumers: str = "", sizes: str = "", policies: str = "", patterns: str = ""
) -> Selection:
    """What a person typed: lists parted by commas, sizes and numbers of consumers also as ranges (``1..4``).

    Raises: UsageError for what cannot be read.
    """
    return Selection(
        transports=_listed(transports, str),
        consumers=tuple(parse_count_list(consumers, "consumers", low=0)) if consumers.strip() else (),
        sizes=tuple(parse_byte_list(sizes)) if sizes.strip() else (),
        policies=_listed(policies, read_policy),
        patterns=_listed(patterns, str),
    )


def _listed(text: str, read: Callable[[str], T]) -> tuple[T, ...]:
    return tuple(read(word.strip()) for word in text.split(",") if word.strip())
