"""Who was right in the old argument? One line a claim: what came out here, and the verdict.

1. Below the table stands what was run for each claim, so that any of them can be measured again alone.
2. Part by part there is a second table: every figure with its interval, against what was claimed.
3. The picture sets every part against what was claimed, which is 1 on its axis.
"""

from __future__ import annotations

__all__ = ["QUESTION", "Judged", "claims_chart", "claims_tables"]

import textwrap
from collections.abc import Sequence

import msgspec

from queuemark.analysis.claims import Claim, Judgement, Part
from queuemark.model.session import SessionDocument
from queuemark.views.axes import quantity_scale, ticks
from queuemark.views.header import about
from queuemark.views.numbers import as_digits
from queuemark.views.table import Cell, Column, Table
from queuemark.views.theme import GREY, Spec, inline, paired, themed

QUESTION = "Who was right in the old argument?"

_MARKS = {True: "agrees", False: "disagrees", None: "open"}
_COLOURS = ("#0072B2", "#D55E00", GREY)
_SHAPES = ("circle", "cross", "diamond")


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A claim, its judgement, and the commands that measure what it needs; ran: whether that is what was run."""

    claim: Claim
    judgement: Judgement
    commands: list[str]
    ran: bool


def claims_tables(
    judged: Sequence[Judged], document: SessionDocument | None, command: str, *, wide: bool = False, alone: bool = False
) -> list[Table]:
    """document: where the figures are from; None: all were computed. command: what makes them again.

    wide: part by part, too. alone: only that, without lines that refer to others.
    """
    parts = _part_table(judged)
    if alone:
        return [parts]
    above = [about(document)] if document is not None else []
    whole = Table(
        title=QUESTION,
        above=[*above, "a part is open where its 95 % interval reaches over what was claimed; it decides nothing then"],
        columns=list(_COLUMNS),
        rows=[_row(each) for each in judged],
        below=[*(line for each in judged for line in _below(each)), f"again: {command}"],
    )
    return [whole, parts] if wide else [whole]


_COLUMNS = (
    Column(name="claim", head="#"),
    Column(name="text", head="claim", align="left", wrap=34, wrap_low=26),
    Column(name="found", head="what came out here", align="left", wrap=48, wrap_low=34),
    Column(name="verdict", head="verdict", align="left", wrap=20, wrap_low=16),
)


def _row(each: Judged) -> list[Cell]:
    found = "; ".join(f"{part.label}: {part.figure}" for part in each.judgement.parts)
    return [each.claim.number, each.claim.text, found or "nothing was measured for it", each.judgement.text]


def _below(each: Judged) -> list[str]:
    """What the claim's parts compare, what else there is to say, and what was run."""
    number = f"[{each.claim.number}]"
    how = "ran" if each.ran else "is measured by"
    run = [f"{number} {how}: {'; '.join(each.commands)}"] if each.commands else []
    return [f"{number} {each.claim.rule}", *(f"{number} {remark}" for remark in each.judgement.remarks), *run]


def _part_table(judged: Sequence[Judged]) -> Table:
    columns = [
        Column(name="claim", head="#"),
        Column(name="part", head="part", align="left"),
        Column(name="ratio", head="by what\nwas claimed", show=as_digits),
        Column(name="ratio_low", head="95 %\nlow", show=as_digits),
        Column(name="ratio_high", head="95 %\nhigh", show=as_digits),
        Column(name="part_says", head="the part", align="left"),
        Column(name="told", head="figures", align="left"),
        Column(name="verdict", head="verdict of the claim", align="left"),
    ]
    rows = [_part_row(each, part) for each in judged for part in each.judgement.parts]
    return Table(title="Part by part", columns=columns, rows=rows)


def _part_row(each: Judged, part: Part) -> list[Cell]:
    ratio = part.ratio
    figures: list[Cell] = [ratio.value, ratio.low, ratio.high]
    return [each.claim.number, part.label, *figures, _MARKS[part.holds], part.told, each.judgement.text]


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """One part as it is drawn."""

    claim: str
    part: str
    says: str
    ratio: float
    low: float | None
    high: float | None


def claims_chart(judged: Sequence[Judged], document: SessionDocument | None, command: str) -> Spec:
    """A panel for each claim that has figures, a row for each of its parts."""
    import altair as alt

    rows = [_drawn(each, part) for each in judged for part in each.judgement.parts]
    ends = [end for row in rows for end in (row.ratio, row.low, row.high, 1.0) if end]
    axis = alt.Axis(
        title="measured, as a multiple of what was claimed", values=ticks(ends), format="~g", labelOverlap=True
    )
    legend = alt.Legend(title="the part, with its 95 % interval", orient="top")
    colour = alt.Color("says:N", legend=legend, scale=paired(list(_MARKS.values()), list(_COLOURS)))
    shape = alt.Shape("says:N", legend=legend, scale=paired(list(_MARKS.values()), list(_SHAPES)))
    base = alt.Chart().encode(
        y=alt.Y("part:N", sort=None, axis=alt.Axis(title=None, labelLimit=0, grid=True)), color=colour
    )
    panel = alt.layer(
        alt.Chart().mark_rule(strokeDash=[4, 3], color="black").encode(x=alt.datum(1)),
        base.mark_rule().transform_filter("isValid(datum.low)").encode(x="low:Q", x2="high:Q"),
        base.mark_point().encode(x=alt.X("ratio:Q", scale=quantity_scale(ends), axis=axis), shape=shape),
    ).properties(width=460, height=alt.Step(17))
    header = alt.Header(labelExpr="split(datum.value, '\\n')", labelAlign="left", labelAnchor="start", labelFontSize=11)
    facet = alt.Facet("claim:N", title=None, sort=list(dict.fromkeys(row.claim for row in rows)), header=header)
    chart = panel.facet(facet, columns=1, data=inline(rows)).resolve_scale(y="independent")
    return themed(chart, document, QUESTION, command=command)


def _drawn(each: Judged, part: Part) -> _Row:
    title = textwrap.wrap(f"{each.claim.number}. {each.claim.text}: {each.judgement.text}", 80)
    ratio = part.ratio
    return _Row(
        claim="\n".join(title),
        part=part.label,
        says=_MARKS[part.holds],
        ratio=ratio.value,
        low=ratio.low,
        high=ratio.high,
    )
