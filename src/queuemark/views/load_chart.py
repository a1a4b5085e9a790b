"""What happens as more is offered? The picture: p99 over the load, and what is delivered of it."""

from __future__ import annotations

__all__ = ["load_chart"]

from collections.abc import Iterator

import msgspec

from queuemark.model.errors import UsageError
from queuemark.model.session import SessionDocument
from queuemark.views.axes import Scale, quantity_axis, quantity_scale
from queuemark.views.lines import standing_out
from queuemark.views.load import QUESTION, Load, loads
from queuemark.views.naming import Naming, policy_text, size_text
from queuemark.views.series import Names
from queuemark.views.theme import Spec, channels, inline, themed


class _Point(msgspec.Struct, frozen=True, kw_only=True):
    """One case at one rate; low_us and high_us: the 95 % interval of p99."""

    series: str
    mechanism: str
    offered_per_s: float
    delivered_per_s: float
    p99_us: float
    low_us: float | None
    high_us: float | None
    reached: str


def load_chart(document: SessionDocument, *, scale: Scale = "log") -> Spec:
    """document: with estimates. Raises: UsageError when no paced case has a p99."""
    import altair as alt

    marks = Names.of(document.cases)
    every = [point for load in loads(document) for point in _points(load, marks)]
    if not every:
        raise UsageError(
            f"session {document.session.id[:8]} has no p99 at a set rate to draw; walk over the load with: "
            "queuemark run -t tcp --rate-sweep"
        )
    lines = standing_out(every, lambda point: point.series, lambda point: point.delivered_per_s)
    held = lines.rows
    apart = channels(((point.series, point.mechanism) for point in held), "case")
    rates = [point.offered_per_s for point in held]
    times_us = [end for point in held for end in (point.p99_us, point.low_us, point.high_us) if end]
    base = alt.Chart().encode(
        x=alt.X(
            "offered_per_s:Q",
            scale=quantity_scale(rates, scale),
            axis=quantity_axis(rates, "messages offered per second", scale),
        ),
        color=apart.colour,
    )
    y = alt.Y(
        "p99_us:Q",
        scale=quantity_scale(times_us, scale),
        axis=quantity_axis(times_us, "p99 in microseconds", scale, plain=True),
    )
    reached = alt.Opacity(
        "reached:N",
        legend=alt.Legend(title="the rate was"),
        scale=alt.Scale(domain=["reached", "not reached (saturated)"], range=[1.0, 0.35]),
    )
    chart = alt.layer(
        base.mark_line().encode(y=y, strokeDash=apart.dash),
        base.mark_rule().transform_filter("isValid(datum.low_us)").encode(y="low_us:Q", y2="high_us:Q"),
        base.mark_point().encode(y=y, shape=apart.shape, opacity=reached),
    ).properties(width=460, height=320, data=inline(held))
    usual = Naming.of([load.base for load in loads(document)]).usual_text()
    return themed(chart, document, QUESTION, [f"{usual}; bars are 95 % intervals over trials"], lines=lines)


def _points(load: Load, marks: Names) -> Iterator[_Point]:
    held, mark = load.base.workload, marks.mark(load.tried[0][1])
    for _, result in load.tried:
        rate_per_s, latency = result.case.workload.rate_per_s, result.latency
        if rate_per_s is None or latency is None or latency.p99_ns is None or result.rate_per_s is None:
            continue
        p99 = latency.p99_ns
        saturated = any(trial.saturated for trial in result.trials)
        yield _Point(
            series=f"{load.name}{mark} {size_text(held)} to {held.consumers}, {policy_text(held.policy)}",
            mechanism=f"{load.base.transport}{mark}",
            offered_per_s=rate_per_s,
            delivered_per_s=result.rate_per_s.median,
            p99_us=p99.value_ns / 1000,
            low_us=p99.low_ns / 1000 if p99.low_ns is not None else None,
            high_us=p99.high_ns / 1000 if p99.high_ns is not None else None,
            reached="not reached (saturated)" if saturated else "reached",
        )
