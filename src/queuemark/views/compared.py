"""How do sessions compare with the first of them? Ratios with intervals and verdicts, a column for each other session.

1. Each session is compared with the first alone (queuemark.analysis.comparison); no ratio of two others is implied.
2. Only cases of one meaning share a line; what has no partner is counted, and machines that differ are named.
"""

from __future__ import annotations

__all__ = ["QUESTION", "SESSIONS_HIGH", "Pair", "compared", "compared_tables", "said_of"]

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import msgspec

from queuemark.analysis.comparison import Compared, Comparison, Verdict, compare
from queuemark.model.errors import UsageError
from queuemark.model.machine import SAME
from queuemark.model.plan import case_key
from queuemark.model.session import SessionDocument
from queuemark.views.comparison import FIGURE_WORDS, ratio_text, servers_texts
from queuemark.views.header import about
from queuemark.views.naming import Naming, policy_text, size_text
from queuemark.views.numbers import counted
from queuemark.views.table import Cell, Column, Table

QUESTION = "How do these sessions compare with the first?"

SESSIONS_HIGH = 6

_LETTERS = "ABCDEF"


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A session and how it compares with the first; letter: what it is called, from B on."""

    letter: str
    document: SessionDocument
    comparison: Comparison


def compared(documents: Sequence[SessionDocument]) -> list[Pair]:
    """Each but the first with the first.

    Raises: UsageError for fewer than 2 or more than 6 sessions, for the same one twice, or when nothing is compared.
    """
    if not 2 <= len(documents) <= SESSIONS_HIGH:
        raise UsageError(f"{counted(len(documents), 'session')} cannot be compared; name 2 to {SESSIONS_HIGH}")
    if len({document.session.id for document in documents}) < len(documents):
        raise UsageError("the same session is named twice; name each once")
    pairs = [
        Pair(letter=letter, document=document, comparison=compare(documents[:1], [document]))
        for letter, document in zip(_LETTERS[1:], documents[1:], strict=False)
    ]
    if not any(pair.comparison.compared for pair in pairs):
        raise UsageError(
            "nothing to compare: no session has a case of one meaning with the first, each with enough rates; "
            "measure the same cases, for example with the same seed"
        )
    return pairs


def compared_tables(documents: Sequence[SessionDocument]) -> list[Table]:
    """The sessions in sum, then the cases; documents: 2 to 6, the first is what the others are compared with.

    Raises: UsageError, see compared.
    """
    pairs = compared(documents)
    naming = Naming.of([result.case for document in documents for result in document.cases])
    return [_sums(pairs, documents), _cases(pairs, naming)]


def said_of(documents: Sequence[SessionDocument]) -> list[str]:
    """A line for each session, its letter first, and where its machine or its servers differ from the first's."""
    first = documents[0].session.machine
    told = [f"{letter}: {about(document)}" for letter, document in zip(_LETTERS, documents, strict=False)]
    for letter, document in zip(_LETTERS, documents, strict=False):
        unlike = [fact for fact in SAME if getattr(first, fact) != getattr(document.session.machine, fact)]
        told += [f"{letter} ran on another machine than A ({', '.join(unlike)}): its ratios compare machines"] * bool(
            unlike
        )
        told += servers_texts(documents[:1], [document], letter)
    return told


def _sums(pairs: Sequence[Pair], documents: Sequence[SessionDocument]) -> Table:
    ids = " ".join(document.session.id[:12] for document in documents)
    return Table(
        title=QUESTION,
        above=said_of(documents),
        columns=[column for column, _ in _SUMS],
        rows=[[cell(pair) for _, cell in _SUMS] for pair in pairs],
        below=[
            "all rates: the geometric mean of the ratios of rates, of every case in common",
            f"again: queuemark compare {ids}",
        ],
    )


def _verdicts(verdict: Verdict) -> Callable[[Pair], Cell]:
    return lambda pair: Counter(each.verdict for each in pair.comparison.compared)[verdict]


_SUMS: tuple[tuple[Column, Callable[[Pair], Cell]], ...] = (
    (Column(name="letter", head="", align="left"), lambda pair: pair.letter),
    (Column(name="session", head="session", align="left"), lambda pair: pair.document.session.id[:12]),
    (Column(name="rate_ratio", head="all rates,\nof A's", show=ratio_text), lambda pair: pair.comparison.rate_ratio),
    (Column(name="faster", head="faster"), _verdicts("faster")),
    (Column(name="slower", head="slower"), _verdicts("slower")),
    (Column(name="undecided", head="un-\ndecided"), _verdicts("undecided")),
    (Column(name="left_out", head="not com-\npared"), lambda pair: len(pair.comparison.left_out)),
)

_Row = tuple[str, str]
"""The key of a case, and one of its figures."""


def _cases(pairs: Sequence[Pair], naming: Naming) -> Table:
    found = [{(case_key(each.case), str(each.figure)): each for each in pair.comparison.compared} for pair in pairs]
    rows = list(dict.fromkeys(row for held in found for row in held))
    several = len({figure for _, figure in rows}) > 1
    heads = [column for column in _CASE if several or column.name != "figure"]
    first = {row: next(held[row] for held in found if row in held) for row in rows}
    return Table(
        title="Case by case, the clearest differences first",
        above=[naming.usual_text()],
        columns=[*heads, *(column for pair in pairs for column in _heads(pair))],
        rows=[
            [*_named(first[row], naming, several), *(cell for held in found for cell in _judged(held.get(row)))]
            for row in sorted(rows, key=lambda row: _clarity(held[row] for held in found if row in held))
        ],
        below=list(_below(pairs)),
        more="--format csv has all",
    )


def _clarity(judged: Iterator[Compared]) -> tuple[bool, float]:
    """The clearest first: what any session is faster or slower at, and by how much."""
    held = list(judged)
    decided = [each for each in held if each.verdict != "undecided"]
    return not decided, -max(max(each.ratio, 1 / each.ratio) for each in decided or held)


_CASE = (
    Column(name="name", head="transport", align="left", wrap=22),
    Column(name="size", head="size", align="left", wrap=14),
    Column(name="consumers", head="con-\nsumers"),
    Column(name="policy", head="policy", align="left"),
    Column(name="figure", head="of", align="left"),
)


def _named(each: Compared, naming: Naming, several: bool) -> list[Cell]:
    load = each.case.workload
    told: list[Cell] = [naming.name(each.case), size_text(load), load.consumers, policy_text(load.policy)]
    return [*told, FIGURE_WORDS[each.figure]] if several else told


def _heads(pair: Pair) -> list[Column]:
    letter, side = pair.letter, pair.letter.lower()
    left: Literal["left"] = "left"
    return [
        Column(name=f"{side}_ratio", head=f"{letter} / A", show=ratio_text),
        Column(name=f"{side}_low", head="at\nleast", show=ratio_text, rank=2),
        Column(name=f"{side}_high", head="at\nmost", show=ratio_text, rank=2),
        Column(name=f"{side}_verdict", head=f"{letter} is", align=left),
    ]


def _judged(each: Compared | None) -> list[Cell]:
    return [each.ratio, each.low, each.high, each.verdict] if each else [None] * 4


def _below(pairs: Sequence[Pair]) -> Iterator[str]:
    for pair in pairs:
        found = pair.comparison
        yield f"{pair.letter}: intervals of {100 * found.level:.4g} %; a verdict is an interval without 1"
        if found.left_out:
            yield (
                f"{pair.letter}: {counted(len(found.left_out), 'case')} not compared, without a partner of the same "
                f"meaning or with too few rates; queuemark compare {found.a[0][:12]} {found.b[0][:12]} names them"
            )
