"""What of a session from outside goes into columns, and what cannot go there."""

from __future__ import annotations

__all__ = ["TEXT_HIGH", "check_acceptable", "summary_values"]

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument
from queuemark.model.summary import CaseSummary
from queuemark.store.documents import check_whole

TEXT_HIGH = 200
"""Characters of what is searched by; an index cannot hold longer ones everywhere."""

_NAME_HIGH = 64
_COMMAND_HIGH = 10_000
_CPUS_HIGH = 65_536
_MECHANISMS_HIGH = 200


def check_acceptable(document: SessionDocument, summaries: Sequence[CaseSummary]) -> None:
    """Raises: UsageError with the place of what is too long or cannot be stored, or is there twice."""
    check_whole(document, [summary.key for summary in summaries])
    for place, text, high in (*_machine_texts(document), *_case_texts(summaries)):
        if "\0" in text:
            raise UsageError(f"{place} holds a character of code 0, which no text may")
        if len(text) > high:
            raise UsageError(f"{place} has {len(text)} characters; at most {high} are taken")
    if len(document.session.machine.cpus) > _CPUS_HIGH:
        raise UsageError(f"machine.cpus names more than {_CPUS_HIGH} of them")
    if len({(summary.transport, summary.runtime) for summary in summaries}) > _MECHANISMS_HIGH:
        raise UsageError(f"the cases are of more than {_MECHANISMS_HIGH} transports; send them in several sessions")


def _machine_texts(document: SessionDocument) -> Iterator[tuple[str, str, int]]:
    machine = document.session.machine
    for name in ("system", "release", "version", "architecture", "cpu_model"):
        yield f"machine.{name}", getattr(machine, name) or "", TEXT_HIGH
    yield "plan.command", document.session.plan.command, _COMMAND_HIGH


def _case_texts(summaries: Sequence[CaseSummary]) -> Iterator[tuple[str, str, int]]:
    """Cases share most of their words: each is looked at once."""
    for name in ("transport", "runtime", "pattern", "policy"):
        for text in {getattr(summary, name) for summary in summaries}:
            yield f"a case's {name}", text, _NAME_HIGH


def summary_values(summaries: Sequence[CaseSummary], *, disputed: bool) -> list[dict[str, Any]]:
    """The rows of a session's cases, without what they share."""
    ranked = [] if disputed else [summary for summary in summaries if _may_be_best(summary)]
    foremost: dict[tuple[str, str], CaseSummary] = {}
    for summary in sorted(ranked, key=lambda each: each.limit_share or 0.0):
        if summary.limit_share is not None:
            foremost[summary.transport, summary.runtime] = summary
    may, first = {each.key for each in ranked}, {each.key for each in foremost.values()}
    return [
        {**msgspec.structs.asdict(summary), "ranked": summary.key in may, "foremost": summary.key in first}
        for summary in summaries
    ]


def _may_be_best(summary: CaseSummary) -> bool:
    return summary.state == "ok" and summary.median_per_s is not None and not summary.beyond
