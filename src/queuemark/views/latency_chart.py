"""How long does a message take? The picture: latency by percentile, the rarer the farther to the right.

1. A line is a case, over all its trials; it ends where its samples end to tell anything (M10).
2. Of paced cases latency counts from when a message was due (M9).
"""

from __future__ import annotations

__all__ = ["latency_chart"]

from collections.abc import Iterator

import msgspec

from queuemark.analysis.latency import merged_part
from queuemark.model.errors import UsageError
from queuemark.model.histogram import Percentile, percentile_ns
from queuemark.model.plan import case_key
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.views.axes import Scale, quantity_axis, quantity_scale
from queuemark.views.latency import QUESTION
from queuemark.views.lines import Lines, standing_out
from queuemark.views.naming import Naming
from queuemark.views.numbers import counted
from queuemark.views.offered import timed
from queuemark.views.series import Names
from queuemark.views.theme import Spec, channels, inline, themed

_LEVELS = (1_000, 2_500, 5_000, 7_500, 9_000, 9_500, 9_750, 9_900, 9_950, 9_975, 9_990, 9_995, 9_999)
_NAMES = "{'2': 'p50', '10': 'p90', '100': 'p99', '1000': 'p99.9', '10000': 'p99.99'}[datum.value]"


class _Point(msgspec.Struct, frozen=True, kw_only=True):
    """rarity: one sample in so many is above it."""

    series: str
    mechanism: str
    rarity: float
    latency_us: float


def latency_chart(document: SessionDocument, *, scale: Scale = "log") -> Spec:
    """document: with estimates. Raises: UsageError when no case has enough samples for any line."""
    import altair as alt

    names, lines = Names.of(document.cases), _lines(document)
    held = [point for result in lines.rows for point in _line(result, names)]
    if not held:
        raise UsageError(f"session {document.session.id[:8]} has too few latencies to draw; measure with --rate 10k")
    apart = channels(((point.series, point.mechanism) for point in held), "case")
    times_us = [point.latency_us for point in held]
    base = alt.Chart().encode(
        x=alt.X(
            "rarity:Q",
            scale=alt.Scale(type="log", nice=False),
            axis=alt.Axis(title="percentile", values=[2, 10, 100, 1000, 10_000], labelExpr=_NAMES),
        ),
        y=alt.Y(
            "latency_us:Q",
            scale=quantity_scale(times_us, scale),
            axis=quantity_axis(times_us, "latency in microseconds", scale, plain=True),
        ),
        color=apart.colour,
    )
    chart = alt.layer(
        base.mark_line(interpolate="monotone").encode(strokeDash=apart.dash),
        base.mark_point().encode(shape=apart.shape),
    ).properties(width=460, height=320, data=inline(held))
    return themed(chart, document, QUESTION, _notes(document, lines), lines=lines)


def _notes(document: SessionDocument, lines: Lines[CaseResult]) -> list[str]:
    usual = Naming.of([result.case for result in document.cases]).usual_text()
    left = len(document.cases) - lines.held
    more = [f"without a line: {counted(left, 'case')}; the table has them"] if left else []
    return [usual, *more]


def _lines(document: SessionDocument) -> Lines[CaseResult]:
    """Cases with enough samples, the timed ones where there are any; of many the quickest."""
    wanted = [result for result in document.cases if timed(result)] or document.cases
    told = [result for result in wanted if result.latency is not None and result.latency.p50_ns is not None]
    return standing_out(told, lambda result: case_key(result.case), lambda result: -_p50_ns(result), "the quickest")


def _p50_ns(result: CaseResult) -> int:
    return result.latency.p50_ns.value_ns if result.latency and result.latency.p50_ns else 0


def _line(result: CaseResult, names: Names) -> Iterator[_Point]:
    series, mechanism = names.row(result), names.mechanism(result)
    times = merged_part(result, "histogram")
    for of_10000 in _LEVELS if times is not None else ():
        time_ns = percentile_ns(times, Percentile("", of_10000)) if times is not None else None
        if time_ns:
            rarity = 10_000 / (10_000 - of_10000)
            yield _Point(series=series, mechanism=mechanism, rarity=rarity, latency_us=time_ns / 1000)
