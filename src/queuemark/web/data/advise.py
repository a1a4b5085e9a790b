"""Which mechanism? A wish, and what of the whole record meets it best."""

from __future__ import annotations

__all__ = ["AdvisePage", "Asking", "advise"]

from collections import Counter
from contextlib import suppress

import msgspec

from queuemark.analysis.advise import Wish
from queuemark.analysis.choosing import choose
from queuemark.model.errors import NotFound, Withdrawn
from queuemark.model.transport import Facts
from queuemark.model.units import (
    format_bytes,
    format_duration_s,
    format_rate,
    parse_bytes,
    parse_count,
    parse_duration_s,
)
from queuemark.store.record import Record
from queuemark.store.rows import CaseFilter, RecordCase
from queuemark.views.naming import policy_text
from queuemark.views.numbers import counted
from queuemark.web.data.page import Page, with_query
from queuemark.web.data.platforms import CaseLine
from queuemark.web.documents import Documents

_SHOWN_HIGH = 12
_LOOKED_AT_EACH = 20
"""Cases of a mechanism that are looked at: those with the highest rates."""

_ASKED_HIGH = 3
"""Sessions that are asked what a mechanism promises, until one says."""


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """A wish as it is typed: ``4k``, ``1M``, ``200us``. platform: the id of the only one that counts."""

    size: str = "64"
    consumers: int = 1
    rate: str = ""
    p99: str = ""
    lossless: bool = False
    ordered: bool = False
    across_hosts: bool = False
    platform: str = ""

    def wish(self) -> Wish:
        """Raises: UsageError for what cannot be read."""
        return Wish(
            size_bytes=parse_bytes(self.size),
            consumers=self.consumers,
            rate_per_s=float(parse_count(self.rate, "rate")) if self.rate.strip() else None,
            p99_ns=round(parse_duration_s(self.p99, "p99") * 1e9) if self.p99.strip() else None,
            lossless=self.lossless,
            ordered=self.ordered,
            across_hosts=self.across_hosts,
        )

    def query(self) -> dict[str, str | int | None]:
        ticked = {name: "true" if getattr(self, name) else None for name in ("lossless", "ordered", "across_hosts")}
        typed = {name: getattr(self, name) for name in ("size", "consumers", "rate", "p99", "platform")}
        return {**typed, **ticked}


class AdvisePage(Page, frozen=True, kw_only=True):
    """asking: what stands in the form. choices: what fits, the best first. ranking: by what, in words.

    command: what measures the wish, where nothing that fits was. ruled_out: how many cases, by reason.
    """

    asking: Asking
    question: str
    answer: str | None
    ranking: str
    choices: list[CaseLine]
    looked_at: int
    ruled_out: dict[str, int]
    command: str


def advise(record: Record, documents: Documents, asking: Asking) -> AdvisePage:
    """Raises: UsageError for a wish that cannot be read."""
    wish = asking.wish()
    only = asking.platform.strip() or None
    cases = record.cases(
        CaseFilter(size_bytes=wish.size_bytes, consumers=wish.consumers, platform_id=only), _LOOKED_AT_EACH
    )
    chosen = choose(wish, cases, _Promises(record, documents).of, one_platform=only is not None)
    shown = chosen.fitting[:_SHOWN_HIGH]
    path = with_query("/advise", asking.query())
    return AdvisePage(
        title=f"Which mechanism for {_wished(wish)}?",
        summary="What of everything that was measured meets a wish best.",
        path=path,
        section="/advise",
        data=f"/api{path}",
        asking=asking,
        question=f"What to take for {_wished(wish)}?",
        answer=_answer(shown),
        ranking=_ranking(asking),
        choices=[CaseLine.of(case) for case in shown],
        looked_at=chosen.looked_at,
        ruled_out=chosen.ruled_out,
        command=_command(wish),
    )


class _Promises:
    """What mechanisms promise, as sessions that measured them say; those of earlier versions do not."""

    def __init__(self, record: Record, documents: Documents) -> None:
        self._record = record
        self._documents = documents
        self._known: dict[tuple[str, str], Facts] = {}
        self._asked: Counter[tuple[str, str]] = Counter()

    def of(self, case: RecordCase) -> Facts | None:
        mechanism = case.summary.transport, case.summary.runtime
        if mechanism not in self._known and self._asked[mechanism] < _ASKED_HIGH:
            self._asked[mechanism] += 1
            # It may have been withdrawn since its cases were read.
            with suppress(NotFound, Withdrawn):
                document = self._documents.of(self._record.session_row(case.session_id))
                if case.summary.transport in document.session.facts:
                    self._known[mechanism] = document.session.facts[case.summary.transport]
        return self._known.get(mechanism)


def _wished(wish: Wish) -> str:
    parts = [f"{format_bytes(wish.size_bytes)} to {counted(wish.consumers, 'consumer')}"]
    parts += [f"at least {format_rate(wish.rate_per_s)}"] if wish.rate_per_s is not None else []
    parts += [f"p99 within {format_duration_s(wish.p99_ns / 1e9)}"] if wish.p99_ns is not None else []
    promised = {"lossless": wish.lossless, "ordered": wish.ordered, "across hosts": wish.across_hosts}
    return ", ".join([*parts, *(word for word, asked in promised.items() if asked)])


def _answer(shown: list[RecordCase]) -> str | None:
    if not shown:
        return None
    best = shown[0].summary
    rate = format_rate(best.median_per_s or 0.0)
    return f"Take {best.transport}, policy {policy_text(best.policy)}: it delivered {rate}."


def _ranking(asking: Asking) -> str:
    if asking.platform:
        best = "the lowest p99 of what delivers that rate" if asking.rate.strip() else "the highest rate"
        return f"On one platform {best} is the best."
    return "Machines differ, so what comes nearest to its own machine's limit stands first; name a platform for rates."


def _command(wish: Wish) -> str:
    rate = f" --rate {wish.rate_per_s:.0f}" if wish.rate_per_s is not None else ""
    return f"queuemark run -s {wish.size_bytes} -c {wish.consumers}{rate}"
