"""Is B faster than A? One line a case, the clearest verdicts first; what cannot be told is said to be undecided."""

from __future__ import annotations

__all__ = [
    "FIGURE_WORDS",
    "QUESTION",
    "comparison_table",
    "encode_comparison",
    "ratio_text",
    "regression_text",
    "servers_texts",
    "unproved_text",
]

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import msgspec

from queuemark.analysis.comparison import Compared, Comparison, LeftOut, Verdict
from queuemark.model.plan import Case, case_key
from queuemark.model.session import SessionDocument
from queuemark.model.units import format_duration_s
from queuemark.views.header import about
from queuemark.views.naming import Naming, policy_text, server_text, size_text
from queuemark.views.numbers import as_count, as_percent, counted
from queuemark.views.table import Cell, Column, Table

QUESTION = "Is B faster than A?"

_NAMED = 5
"""Cases that are left out for one reason and named; of more the number is told."""

_ORDER: tuple[Verdict, ...] = ("slower", "faster", "undecided")

FIGURE_WORDS = {"rate_per_s": "messages/s", "p99_ns": "p99 latency"}


def comparison_table(
    comparison: Comparison, a: Sequence[SessionDocument], b: Sequence[SessionDocument], command: str
) -> Table:
    """a, b: the sessions that were compared. command: what makes it again."""
    cases = [result.case for document in (*a, *b) for result in document.cases]
    naming = Naming.of(cases)
    several = len({each.figure for each in comparison.compared}) > 1
    columns = [column for column in _columns(naming) if several or column[0].name != "figure"]
    return Table(
        title=QUESTION,
        above=[
            *(f"A: {about(document)}" for document in a),
            *(f"B: {about(document)}" for document in b),
            *servers_texts(a, b, "B"),
            naming.usual_text(),
        ],
        columns=[column for column, _ in columns],
        rows=[[cell(each) for _, cell in columns] for each in sorted(comparison.compared, key=_order)],
        below=[*_said(comparison, naming), f"again: {command}"],
        more="--format csv has all",
    )


def servers_texts(first: Sequence[SessionDocument], other: Sequence[SessionDocument], letter: str) -> list[str]:
    """A line for each kind of server that both went through, where they are not the same one or of one version."""
    ours, theirs = _servers(first), _servers(other)
    return [
        f"{letter} went through another {kind} server than A ({', '.join(sorted(theirs[kind]))}; "
        f"A: {', '.join(sorted(ours[kind]))}): its ratios compare servers"
        for kind in ours
        if kind in theirs and ours[kind] != theirs[kind]
    ]


def _servers(documents: Sequence[SessionDocument]) -> dict[str, set[str]]:
    trials = (trial for document in documents for result in document.cases for trial in result.trials)
    found: dict[str, set[str]] = {}
    for used in (trial.broker for trial in trials if trial.state == "ok" and trial.broker is not None):
        found.setdefault(used.name, set()).add(server_text(used))
    return found


def encode_comparison(comparison: Comparison) -> bytes:
    """JSON on one line, ended by a newline: ``{"schema": 1, ...}``, each case with its key."""
    told = msgspec.to_builtins(comparison)
    told["compared"] = [
        {"key": case_key(each.case), **content}
        for each, content in zip(comparison.compared, told["compared"], strict=True)
    ]
    return msgspec.json.encode({"schema": 1, **told}) + b"\n"


def regression_text(each: Compared) -> str:
    """``slower: tcp 64 B to 1, buffer:16k: messages/s 0.81 of A, 0.75 to 0.88``"""
    return (
        f"slower: {_where(each.case)}: {FIGURE_WORDS[each.figure]} {ratio_text(each.ratio)} of A, "
        f"{ratio_text(each.low)} to {ratio_text(each.high)}"
    )


def unproved_text(each: LeftOut) -> str:
    """``not proved: tcp 64 B to 1, each: 1 of 3 trials of B failed, and none of A: 2 messages were lost``"""
    return f"not proved: {_where(each.case)}: {each.reason}"


def _where(case: Case) -> str:
    load = case.workload
    return f"{case.transport} {size_text(load)} to {load.consumers}, {policy_text(load.policy)} ({case_key(case)})"


def _order(each: Compared) -> tuple[int, float]:
    return _ORDER.index(each.verdict), each.ratio


def _columns(naming: Naming) -> list[tuple[Column, Callable[[Compared], Cell]]]:
    return [
        (_left("key", "key", rank=9), lambda each: case_key(each.case)),
        (_left("name", "transport", wrap=22), lambda each: naming.name(each.case)),
        (_left("size", "size", wrap=14), lambda each: size_text(each.case.workload)),
        (_right("consumers", "con-\nsumers"), lambda each: each.case.workload.consumers),
        (_left("policy", "policy"), lambda each: policy_text(each.case.workload.policy)),
        (_left("figure", "of"), lambda each: FIGURE_WORDS[each.figure]),
        (_right("trials_a", "A\ntrials", rank=8), lambda each: each.trials_a),
        (_right("trials_b", "B\ntrials", rank=8), lambda each: each.trials_b),
        (_right("a", "A"), lambda each: _quantity(each, each.a)),
        (_right("b", "B"), lambda each: _quantity(each, each.b)),
        (_right("ratio", "B / A", ratio_text), lambda each: each.ratio),
        (_right("low", "at\nleast", ratio_text), lambda each: each.low),
        (_right("high", "at\nmost", ratio_text), lambda each: each.high),
        (_right("p", "p", _as_p, rank=7), lambda each: each.p),
        (_left("verdict", "B is"), lambda each: each.verdict),
    ]


def _left(name: str, head: str, *, wrap: int | None = None, rank: int = 0) -> Column:
    return Column(name=name, head=head, align="left", wrap=wrap, rank=rank)


def _right(name: str, head: str, show: Callable[[str | int | float], str] = str, *, rank: int = 0) -> Column:
    return Column(name=name, head=head, show=show, rank=rank)


def _quantity(each: Compared, value: float) -> str:
    return as_count(value) if each.figure == "rate_per_s" else format_duration_s(value / 1e9)


def ratio_text(value: str | int | float) -> str:
    """``0.987``, ``12.3``"""
    return f"{float(value):.3g}" if float(value) >= 10 else f"{float(value):.3f}"


def _as_p(value: str | int | float) -> str:
    return f"{float(value):.2g}" if float(value) >= 1e-4 else "< 0.0001"


def _said(comparison: Comparison, naming: Naming) -> Iterator[str]:
    counts = Counter(each.verdict for each in comparison.compared)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in _ORDER)
    yield f"of {counted(len(comparison.compared), 'comparison')}: {told}"
    if comparison.rate_ratio is not None:
        yield f"all rates together: B / A is {ratio_text(comparison.rate_ratio)} (the geometric mean of the ratios)"
    yield (
        f"intervals of {100 * comparison.level:.4g} %: a verdict is an interval without 1; of the verdicts 5 % at most "
        "are expected to be wrong, and where nothing differs 5 % of whole comparisons give one"
    )
    yield _drift_text(comparison)
    yield from _left_out(comparison, naming)


def _drift_text(comparison: Comparison) -> str:
    if comparison.over_sessions:
        return f"what moves all cases of a session alike ({as_percent(comparison.drift)}) is in the intervals"
    return (
        "one session a side: how far sessions lie apart was not measured but taken from the drift between rounds "
        f"({as_percent(comparison.drift)}), 1 % at least; several a side say more: queuemark compare A1,A2,A3 B1,B2,B3"
    )


def _left_out(comparison: Comparison, naming: Naming) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for each in comparison.left_out:
        name = f"{naming.name(each.case)} {size_text(each.case.workload)} to {each.case.workload.consumers}"
        by_reason.setdefault(each.reason, []).append(name)
    for reason, names in by_reason.items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield f"not compared, {reason}: {'; '.join(names[:_NAMED])}{more}"
