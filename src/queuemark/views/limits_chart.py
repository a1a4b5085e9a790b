"""Roofline: messages a second over size, each mechanism below its own limit, the machine's ceilings above them.

1. What was measured is a line with points, its limit a dashed line of the same colour.
2. A ceiling is grey: calls that do nothing, and a core that only copies what another one wrote.
"""

from __future__ import annotations

__all__ = ["limits_chart"]

from collections.abc import Iterator

import msgspec

from queuemark.model.errors import UsageError
from queuemark.model.probe import Probes
from queuemark.model.session import SessionDocument
from queuemark.views.axes import Scale, quantity_axis, quantity_scale, size_axis
from queuemark.views.limits import QUESTION
from queuemark.views.lines import standing_out
from queuemark.views.series import points
from queuemark.views.theme import GREY, Spec, channels, inline, themed

_COPIED_BYTES = 262_144
"""Of what the caches of a core hold, the size whose copying from another core is the ceiling."""


class _Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A point of one of three kinds: measured, limit, ceiling. first: of its line, where its name stands."""

    series: str
    kind: str
    size_bytes: int
    consumers: int
    per_s: float
    first: bool = False


def limits_chart(document: SessionDocument, *, scale: Scale = "log") -> Spec:
    """document: with estimates. Raises: UsageError when no case of one size has a limit."""
    import altair as alt

    lines = standing_out(_rows(document), lambda row: row.series, _measured_per_s)
    rows = list(lines.rows)
    if not rows:
        raise UsageError(
            f"session {document.session.id[:8]} has no limits to draw; queuemark show --view limits says why"
        )
    rows += _ceilings(document, sorted({row.size_bytes for row in rows}), {row.consumers for row in rows})
    values = [row.per_s for row in rows]
    x = size_axis(row.size_bytes for row in rows)
    y = alt.Y(
        "per_s:Q",
        scale=quantity_scale(values, scale),
        axis=quantity_axis(values, "messages delivered per second", scale),
    )
    # Dashes mean a limit here, so policies differ in colour and shape, too.
    apart = channels(((row.series, row.series) for row in lines.rows), "mechanism and policy")
    base = alt.Chart().encode(x=x, y=y, color=apart.colour)
    measured = base.transform_filter("datum.kind == 'measured'")
    ceiling = alt.Chart().encode(x=x, y=y, detail="series:N").transform_filter("datum.kind == 'ceiling'")
    panel = alt.layer(
        measured.mark_line(),
        measured.mark_point().encode(shape=apart.shape),
        base.transform_filter("datum.kind == 'limit'").mark_line(strokeDash=[4, 3]),
        ceiling.mark_line(color=GREY),
        ceiling.transform_filter("datum.first").mark_text(align="left", dy=-6, color=GREY).encode(text="series:N"),
    ).properties(width=300, height=300)
    facet = alt.Facet("consumers:O", title="consumers")
    chart = panel.facet(facet, columns=min(3, len({row.consumers for row in rows})), data=inline(rows))
    notes = ["lines with points: measured; dashed: limit; grey: ceilings of the machine"]
    return themed(chart, document, QUESTION, notes, lines=lines)


def _rows(document: SessionDocument) -> Iterator[_Mark]:
    for point in points(document):
        if point.limit_per_s is None or not point.one_size:
            continue
        for kind, per_s in (("measured", point.rate_per_s), ("limit", point.limit_per_s)):
            yield _Mark(
                series=point.series,
                kind=kind,
                size_bytes=point.size_bytes,
                consumers=point.consumers,
                per_s=per_s,
            )


def _measured_per_s(row: _Mark) -> float:
    """What a line is chosen by: a limit, however high, was not reached by anything."""
    return row.per_s if row.kind == "measured" else 0.0


def _ceilings(document: SessionDocument, sizes: list[int], consumers: set[int]) -> list[_Mark]:
    probes = Probes.best(document.session.probes_before, document.session.probes_after)
    call_ns = probes.value("syscall")
    copied = probes.value("copy", bytes=_COPIED_BYTES, cores="two")
    found: dict[str, list[float]] = {}
    if call_ns:
        found["a call that does nothing"] = [1e9 / call_ns] * len(sizes)
    if copied:
        found["copied from another core"] = [copied / size for size in sizes]
    return [
        _Mark(series=name, kind="ceiling", size_bytes=size, consumers=count, per_s=rate, first=place == 0)
        for name, rates in found.items()
        for count in sorted(consumers)
        for place, (size, rate) in enumerate(zip(sizes, rates, strict=True))
    ]
