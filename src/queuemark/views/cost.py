"""On what does the cpu time of a message go? One line a case: its parts beside what was measured.

1. Measured is counted by the system; the parts are computed from the session's probes, and the rest is what they leave.
2. Without probes, or of a mechanism that does not say what its messages cost, there is no part, and it says so.
"""

from __future__ import annotations

__all__ = ["PARTS", "QUESTION", "cost_tables", "spent", "unparted_texts"]

from collections.abc import Callable, Sequence

from queuemark.analysis.spending import Spending, spendings
from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument
from queuemark.views.header import about
from queuemark.views.naming import policy_text, size_text
from queuemark.views.numbers import as_count, as_digits, counted
from queuemark.views.series import Names
from queuemark.views.table import Cell, Column, Table

QUESTION = "On what does the cpu time of a message go?"

PARTS = {
    "calls_ns": "calls",
    "copies_ns": "copies in the kernel",
    "content_ns": "writing and checking the bytes",
    "wake_ups_ns": "wake-ups",
}
"""By field of Parts, in words."""


def spent(document: SessionDocument) -> list[Spending]:
    """Raises: UsageError when no trial says what cpu time it took."""
    found = spendings(document)
    if not found:
        raise UsageError(
            f"session {document.session.id[:8]} has no cpu time of a proved trial; measure with: queuemark run"
        )
    return found


def cost_tables(document: SessionDocument, *, wide: bool = False, alone: bool = False) -> list[Table]:
    """One table, the cheapest first among equals in size and consumers; document: with estimates.

    Raises: UsageError when no trial says what cpu time it took.
    """
    found, names = spent(document), Names.of(document.cases)
    return [
        Table(
            title=QUESTION,
            above=[about(document), names.naming.usual_text()],
            columns=[_NAME, *(column for column, _ in _COLUMNS)],
            rows=[
                [names.naming.name(each.result.case), *(cell(each) for _, cell in _COLUMNS)]
                for each in sorted(found, key=_order)
            ],
            below=[*unparted_texts(found), _MEANT, f"again: {document.session.plan.command}"],
        )
    ]


_MEANT = (
    "parts: from the session's probes, both ends together; the rest is spinning, waiting for another core's cache and "
    "the work of the test itself; below 0 the parts come to more than was measured"
)


def unparted_texts(found: Sequence[Spending]) -> list[str]:
    """How many cases have no parts, and why; nothing where all have."""
    left = sum(each.parts is None for each in found)
    if not left:
        return []
    which = "no parts" if left == len(found) else f"no parts of {counted(left, 'case')}"
    return [
        f"{which}: they need the probes that 'queuemark run' makes unless --no-probes is given, a transport whose "
        "runner declares what a message costs, and one direction"
    ]


def _order(each: Spending) -> tuple[int, int, float]:
    load = each.result.case.workload
    return load.size_bytes, load.consumers, each.measured_ns


def _part(name: str) -> Callable[[Spending], Cell]:
    return lambda each: getattr(each.parts, name, None)


_NAME = Column(name="name", head="transport", align="left", wrap=22)

_COLUMNS: tuple[tuple[Column, Callable[[Spending], Cell]], ...] = (
    (Column(name="size", head="size", align="left", wrap=14), lambda each: size_text(each.result.case.workload)),
    (Column(name="consumers", head="con-\nsumers"), lambda each: each.result.case.workload.consumers),
    (
        Column(name="policy", head="policy", align="left"),
        lambda each: policy_text(each.result.case.workload.policy),
    ),
    (
        Column(name="rate_per_s", head="messages\nper s", show=as_count, rank=1),
        lambda each: each.result.rate_per_s.median if each.result.rate_per_s else None,
    ),
    (Column(name="cpu_ns_per_message", head="cpu ns/\nmessage", show=as_digits), lambda each: each.measured_ns),
    (Column(name="calls_ns", head="calls\nns", show=as_digits), _part("calls_ns")),
    (Column(name="copies_ns", head="copies\nns", show=as_digits), _part("copies_ns")),
    (Column(name="content_ns", head="content\nns", show=as_digits), _part("content_ns")),
    (Column(name="wake_ups_ns", head="wake-ups\nns", show=as_digits), _part("wake_ups_ns")),
    (Column(name="rest_ns", head="rest\nns", show=as_digits), lambda each: each.rest_ns),
)
