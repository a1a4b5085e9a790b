"""How do sessions compare with the first of them? The picture: ratios with their intervals, a panel for each session.

1. A row is a figure of a case; its ratio a mark whose colour and shape are the verdict, its interval a bar.
2. On the line at 1 nothing differs; an interval that leaves the picture goes on beyond its edge.
"""

from __future__ import annotations

__all__ = ["compared_chart", "comparison_chart"]

from collections.abc import Iterator, Sequence
from math import log
from typing import TYPE_CHECKING

import msgspec

from queuemark.analysis.comparison import Comparison
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.views.axes import Scale
from queuemark.views.compared import QUESTION, compared, said_of
from queuemark.views.comparison import FIGURE_WORDS
from queuemark.views.comparison import QUESTION as OF_TWO
from queuemark.views.header import about
from queuemark.views.lines import ROWS_HIGH, standing_out
from queuemark.views.series import Names
from queuemark.views.theme import COLOURS, GREY, Spec, inline, paired, themed

if TYPE_CHECKING:
    import altair

_VERDICTS = {
    "faster": (COLOURS[0], "triangle-up"),
    "slower": (COLOURS[1], "triangle-down"),
    "undecided": (GREY, "circle"),
}

_BEYOND = 3.0
"""An interval is drawn as far as this factor beyond the ratios themselves."""

_TICKS = (0.01, 0.1, 0.2, 0.33, 0.5, 0.67, 0.8, 0.9, 0.95, 1, 1.05, 1.1, 1.25, 1.5, 2, 3, 5, 10, 100)

_TITLE = "ratio to A"

_WIDTHS = {1: 420, 2: 300}
"""Of a panel, by their number; more are narrower."""


class _Mark(msgspec.Struct, frozen=True, kw_only=True):
    panel: str
    row: str
    mechanism: str
    consumers: int
    ratio: float
    low: float
    high: float
    verdict: str


def compared_chart(documents: Sequence[SessionDocument], *, scale: Scale = "log") -> Spec:
    """documents: 2 to 6, the first is what the others are compared with. Raises: UsageError, see compared."""
    names = Names.of([result for document in documents for result in document.cases])
    marks = [mark for pair in compared(documents) for mark in _marks(pair.comparison, f"{pair.letter} / A", names)]
    ids = " ".join(document.session.id[:12] for document in documents)
    notes = [*said_of(documents), names.naming.usual_text()]
    return _forest(marks, QUESTION, notes, f"queuemark compare {ids}", scale)


def comparison_chart(
    comparison: Comparison, a: Sequence[SessionDocument], b: Sequence[SessionDocument], command: str
) -> Spec:
    """Of two sides with any number of sessions each. comparison: with at least one case. command: makes it again."""
    names = Names.of([result for document in (*a, *b) for result in document.cases])
    sides = [f"{side}: {about(document)}" for side, held in (("A", a), ("B", b)) for document in held]
    marks = list(_marks(comparison, "B / A", names))
    return _forest(marks, OF_TWO, [*sides, names.naming.usual_text()], command, "log")


def _marks(comparison: Comparison, panel: str, names: Names) -> Iterator[_Mark]:
    several = len({each.figure for each in comparison.compared}) > 1
    for each in comparison.compared:
        figure = f": {FIGURE_WORDS[each.figure]}" if several else ""
        of = CaseResult(case=each.case, trials=[])
        yield _Mark(
            panel=panel,
            row=f"{names.row(of)}{figure}",
            mechanism=names.mechanism(of),
            consumers=each.case.workload.consumers,
            ratio=each.ratio,
            low=each.low,
            high=each.high,
            verdict=each.verdict,
        )


def _forest(every: Sequence[_Mark], question: str, notes: Sequence[str], command: str, scale: Scale) -> Spec:
    import altair as alt

    lines = standing_out(every, lambda mark: mark.row, _clarity, "those with the clearest differences", ROWS_HIGH)
    marks = lines.rows
    panels = list(dict.fromkeys(mark.panel for mark in marks))
    verdicts = [verdict for verdict in _VERDICTS if any(mark.verdict == verdict for mark in marks)]
    legend = alt.Legend(title=None, orient="top")
    shape = alt.Shape("verdict:N", legend=legend, scale=paired(verdicts, [_VERDICTS[each][1] for each in verdicts]))
    base = alt.Chart().encode(
        y=alt.Y("row:N", sort=_by_ratio(marks), axis=alt.Axis(title=None, labelLimit=0, grid=True)),
        color=alt.Color("verdict:N", legend=legend, scale=paired(verdicts, [_VERDICTS[each][0] for each in verdicts])),
    )
    x = _ratios(marks, scale)
    panel = alt.layer(
        alt.Chart().mark_rule(color=GREY, strokeDash=[4, 3]).encode(x=alt.datum(1)),
        base.mark_rule(clip=True).encode(x="low:Q", x2="high:Q"),
        base.mark_point(clip=True).encode(x=x, shape=shape),
    ).properties(width=_WIDTHS.get(len(panels), 200), height=alt.Step(20))
    facet = alt.Facet("panel:N", title=None, sort=panels)
    chart = panel.facet(facet, columns=len(panels), data=inline(marks))
    return themed(chart, None, question, notes, command=command, lines=lines)


def _ratios(marks: Sequence[_Mark], scale: Scale) -> altair.X:
    """An axis with 1 on it; linear, it begins at 0, so that twice as far is twice the ratio."""
    import altair as alt

    high = max([1.0, *(min(mark.high, mark.ratio * _BEYOND) for mark in marks)]) * 1.02
    if scale == "linear":
        axis = alt.Axis(title=_TITLE, format="~g", labelOverlap=True)
        return alt.X("ratio:Q", scale=alt.Scale(type="linear", domain=[0, high], nice=False), axis=axis)
    low = min([1.0, *(max(mark.low, mark.ratio / _BEYOND) for mark in marks)]) / 1.02
    marked = [tick for tick in _TICKS if low <= tick <= high]
    axis = alt.Axis(title=_TITLE, values=marked, format="~g", labelOverlap=True)
    return alt.X("ratio:Q", scale=alt.Scale(type="log", domain=[low, high], nice=False), axis=axis)


def _clarity(mark: _Mark) -> float:
    """What is decided before what is not, then by how far the ratio is from 1."""
    return abs(log(mark.ratio)) + (1e3 if mark.verdict != "undecided" else 0.0)


def _by_ratio(marks: Sequence[_Mark]) -> list[str]:
    """Rows from the highest ratio to the lowest, over all panels."""
    logs: dict[str, list[float]] = {}
    for mark in marks:
        logs.setdefault(mark.row, []).append(log(mark.ratio))
    return sorted(logs, key=lambda row: -sum(logs[row]) / len(logs[row]))
