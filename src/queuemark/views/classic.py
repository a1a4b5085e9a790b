"""How does the rate depend on size, and on the number of consumers? The classical tables of a grid.

1. One table for each number of consumers: sizes down, mechanisms across.
2. One table for each mechanism: sizes down, numbers of consumers across.
3. A cell holds the median rate of one case, or says how the case ended; never 0 for what has no rate. What is not
   part of the sweep is empty.
4. Mixes of sizes have no place on the axis of sizes, and are left out.
5. A rate beside which trials failed, or messages were lost, is marked; how large a share was lost has a table too.
"""

from __future__ import annotations

__all__ = ["QUESTION", "check_grid", "classic_tables", "grid_tables", "is_grid", "series_tables"]

from collections.abc import Iterable, Sequence

import msgspec

from queuemark.model.errors import UsageError
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.model.workload import Workload
from queuemark.views.ending import OVERSUBSCRIBED, Ending, Footnotes, proved_text
from queuemark.views.findings import noise_texts
from queuemark.views.header import about
from queuemark.views.naming import Naming, policy_text
from queuemark.views.numbers import as_bytes, as_count, as_percent, counted
from queuemark.views.offered import lost_share
from queuemark.views.series import Names
from queuemark.views.table import Cell, Column, Table

QUESTION = "How does the rate depend on size, and on the number of consumers?"

_Place = tuple[str, int, int]
"""Series, size_bytes, consumers."""

_SIZE = Column(name="size_bytes", head="size", show=as_bytes)


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """One column: a series at one number of consumers. text: over it, lines parted by newlines."""

    name: str
    text: str
    series: str
    consumers: int


class _Grid(msgspec.Struct, frozen=True, kw_only=True):
    """Cases by series (a mechanism, its policy and whatever else is not usual), size and number of consumers."""

    series: list[str]
    sizes_bytes: list[int]
    consumers: list[int]
    results: dict[_Place, CaseResult]

    @classmethod
    def of(cls, document: SessionDocument) -> _Grid:
        names = Names.of(document.cases)
        placed = [(_place(result, names), result) for result in document.cases if not result.case.workload.mix]
        return cls(
            series=list(dict.fromkeys(place[0] for place, _ in placed)),
            sizes_bytes=sorted({place[1] for place, _ in placed}),
            consumers=sorted({place[2] for place, _ in placed}),
            results=dict(placed),
        )

    def results_of(self, head: _Head) -> Iterable[CaseResult]:
        held = (self.results.get((head.series, size_bytes, head.consumers)) for size_bytes in self.sizes_bytes)
        return (result for result in held if result is not None)


def is_grid(document: SessionDocument, low: int = 2) -> bool:
    """Whether some mechanism was measured at ``low`` sizes and ``low`` numbers of consumers, or more."""
    if any(result.case.workload.messages for result in document.cases):
        return False
    grid = _Grid.of(document)
    return any(_spans(grid, series, low) for series in grid.series)


def check_grid(document: SessionDocument) -> None:
    """Raises: UsageError with what to measure where there is no grid."""
    if not is_grid(document):
        raise UsageError(
            f"session {document.session.id[:8]} sweeps no mechanism over sizes and consumers at once; "
            "measure such a grid with: queuemark run classic"
        )


def _spans(grid: _Grid, series: str, low: int) -> bool:
    held = [place for place in grid.results if place[0] == series]
    return len({place[1] for place in held}) >= low and len({place[2] for place in held}) >= low


def classic_tables(document: SessionDocument, *, alone: bool = False) -> list[Table]:
    """document: with estimates, and a grid. alone: cells without numbers that refer to lines below."""
    grid = _Grid.of(document)
    by_consumers = [_of_consumers(grid, consumers, alone) for consumers in grid.consumers]
    return _told([*by_consumers, *_by_series(grid, alone)], document)


def series_tables(document: SessionDocument, *, alone: bool = False) -> list[Table]:
    """Of these the tables of each mechanism."""
    return _told(_by_series(_Grid.of(document), alone), document)


def _by_series(grid: _Grid, alone: bool) -> list[Table]:
    return [table for series in grid.series for table in (_of_series(grid, series, alone), *_losses(grid, series))]


def _told(tables: list[Table], document: SessionDocument) -> list[Table]:
    """With what holds for all of them above the first and below the last."""
    naming = Naming.of([result.case for result in document.cases])
    first = msgspec.structs.replace(tables[0], above=[about(document), naming.usual_text()])
    tables = [first, *tables[1:]]
    whole = [
        *_left_out(document),
        proved_text(document),
        *noise_texts(document),
        f"parameters where none is named: {naming.params_text()}",
        f"again: {document.session.plan.command}",
    ]
    last = msgspec.structs.replace(tables[-1], below=[*tables[-1].below, *whole])
    return [*tables[:-1], last]


def grid_tables(document: SessionDocument, *, wide: bool = False, alone: bool = False) -> list[Table]:
    """Raises: UsageError when there is no grid."""
    check_grid(document)
    return classic_tables(document, alone=alone)


def _left_out(document: SessionDocument) -> list[str]:
    mixed = sum(bool(result.case.workload.mix) for result in document.cases)
    return [f"not in these tables: {counted(mixed, 'case')} of mixed sizes; queuemark show has them"] if mixed else []


def _place(result: CaseResult, names: Names) -> _Place:
    load: Workload = result.case.workload
    series = f"{names.naming.name(result.case)} {policy_text(load.policy)}"
    return series, load.size_bytes, load.consumers


def _of_consumers(grid: _Grid, consumers: int, alone: bool) -> Table:
    title = f"Messages per s to {counted(consumers, 'consumer')}, by size"
    heads = [
        _Head(name=series, text=series.replace(" ", "\n"), series=series, consumers=consumers) for series in grid.series
    ]
    return _table(grid, title, heads, alone)


def _of_series(grid: _Grid, series: str, alone: bool) -> Table:
    title = f"Messages per s of {series}, by size and number of consumers"
    heads = [
        _Head(name=f"to {consumers}", text=f"to {consumers}", series=series, consumers=consumers)
        for consumers in grid.consumers
    ]
    return _table(grid, title, heads, alone)


def _losses(grid: _Grid, series: str) -> list[Table]:
    """Nothing where nothing was lost."""
    shares = {place[1:]: lost_share(result) for place, result in grid.results.items() if place[0] == series}
    if not any(shares.values()):
        return []
    heads = [Column(name=f"lost_share to {count}", head=f"to {count}", show=as_percent) for count in grid.consumers]
    return [
        Table(
            title=f"Lost of {series}, by size and number of consumers",
            columns=[_SIZE, *heads],
            rows=[[size, *(shares.get((size, count)) for count in grid.consumers)] for size in grid.sizes_bytes],
        )
    ]


def _table(grid: _Grid, title: str, heads: Sequence[_Head], alone: bool) -> Table:
    footnotes = Footnotes()
    rows = [
        [
            size_bytes,
            *(_cell(grid.results.get((head.series, size_bytes, head.consumers)), footnotes, alone) for head in heads),
        ]
        for size_bytes in grid.sizes_bytes
    ]
    rates = [Column(name=f"rate_per_s {head.name}", head=head.text, show=_rate_text) for head in heads]
    below = [*footnotes.lines(), *_oversubscribed(grid, heads)]
    return Table(title=title, columns=[_SIZE, *rates], rows=rows, below=below)


def _cell(result: CaseResult | None, footnotes: Footnotes, alone: bool) -> Cell:
    """The rate alone where all is well; otherwise what is not, with the rate of the trials that were proved."""
    if result is None:
        return None
    ending = Ending.of(result)
    remarks = [remark for remark in ending.remarks if remark != OVERSUBSCRIBED]
    rate_per_s = result.rate_per_s.median if result.rate_per_s else None
    if rate_per_s is not None and (ending.state == "ok" if alone else not remarks):
        return rate_per_s
    word = ending.state if ending.state != "ok" else "withheld"
    if alone:
        return word
    shown = _rate_text(rate_per_s) if rate_per_s is not None else word
    return " ".join([shown, *map(footnotes.mark, remarks)])


def _rate_text(value: str | int | float) -> str:
    return value if isinstance(value, str) else as_count(value)


def _oversubscribed(grid: _Grid, heads: Sequence[_Head]) -> list[str]:
    """Said of whole columns, since it follows from the number of consumers."""
    over = [
        head
        for head in heads
        if any(trial.oversubscribed for result in grid.results_of(head) for trial in result.trials)
    ]
    if not over:
        return []
    which = "" if len(over) == len(heads) else f"{', '.join(head.name for head in over)}: "
    return [f"{which}{OVERSUBSCRIBED}"]
