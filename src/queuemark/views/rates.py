"""Which mechanism moves the most messages? One line a case, the fastest first among equals in size and consumers.

1. A rate stands only where delivery was proved, or beside the mark "not proved"; what did not run has no number at all.
2. Every trial counts in the sums; the rate is the median over those that have one, with its interval.
3. What failed, could not run, was too short or oversubscribed is marked, and below the table it says why.
4. Where messages go to several or were lost, what was sent stands beside what was delivered, and the loss as a share.
5. Where a rate was set or replies were waited for, latencies stand beside it; too few samples for one are told of.
6. Over a link, what whole frames allow stands beside what came through, and the share.
"""

from __future__ import annotations

__all__ = ["QUESTION", "rates_table", "rates_tables", "rates_text"]

from collections.abc import Callable, Sequence

import msgspec

from queuemark.analysis.estimates import reach
from queuemark.analysis.linked import allowed_per_s, link_share
from queuemark.model.link import link_text
from queuemark.model.mix import mix_text
from queuemark.model.plan import case_key
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.model.trial import TrialFigures
from queuemark.views.counted import counters_texts
from queuemark.views.drift import drift_texts
from queuemark.views.ending import WRONGS, Ending, Footnotes, proved_text
from queuemark.views.findings import noise_texts
from queuemark.views.header import about, messages_texts, mix_texts
from queuemark.views.marks import unjudged_texts
from queuemark.views.naming import Naming, policy_text, size_text
from queuemark.views.numbers import as_bytes, as_count, as_digits, as_exact, as_mb, as_ms, as_percent, as_share, as_us
from queuemark.views.offered import asks, broker_cpu_ns, fans_out, lost_share, middle, paced, timed
from queuemark.views.render import WIDTH, text
from queuemark.views.table import KEEP, Cell, Column, Table

QUESTION = "Which mechanism moves the most messages?"
_OF_REQUESTS = "Which mechanism answers the most requests?"


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    """One case with its number in the session, its name among the others, and how its trials ended."""

    number: int
    result: CaseResult
    name: str
    ending: Ending
    state: str


_Beside = tuple[Callable[[Sequence[CaseResult]], bool], str]


class _Field(msgspec.Struct, frozen=True, kw_only=True):
    """A column and how its cell is had.

    folds: left out when all cases agree on it, and said above the table.
    wide: shown only when every column is asked for, or a case needs it; brief: shown only when not.
    alone: shown only where there are no lines below the table to refer to.
    needed: by which cases. beside: other heads, and for which cases together; the first that holds.
    differs: of the wide ones, shown also where cases differ in it.
    mixed: has a place among the brief ones only where some case mixes sizes (True), or only where none does (False).
    """

    column: Column
    cell: Callable[[_Line], Cell]
    folds: bool = False
    wide: bool = False
    brief: bool = False
    alone: bool = False
    needed: Callable[[CaseResult], bool] | None = None
    differs: bool = False
    beside: tuple[_Beside, ...] = ()
    mixed: bool | None = None

    def fits(self, lines: Sequence[_Line]) -> bool:
        return self.mixed is None or self.mixed == any(line.result.case.workload.mix for line in lines)

    def folded(self, lines: Sequence[_Line]) -> bool:
        return self.fits(lines) and self.folds and len({self.cell(line) for line in lines}) == 1

    def shown(self, lines: Sequence[_Line], wide: bool, alone: bool) -> bool:
        needed = self.needed is not None and any(self.needed(line.result) for line in lines)
        differing = self.differs and len({self.cell(line) for line in lines}) > 1
        usual = self.fits(lines) and not (self.wide or self.folded(lines))
        asked = not self.brief if wide else needed or differing or usual
        return asked and (alone or not self.alone)

    def headed(self, lines: Sequence[_Line]) -> Column:
        results = [line.result for line in lines]
        head = next((head for holds, head in self.beside if holds(results)), self.column.head)
        return msgspec.structs.replace(self.column, head=head)


def rates_text(document: SessionDocument, width: int | None = WIDTH) -> str:
    """The table as text; document: with estimates (queuemark.analysis.estimates)."""
    return text(rates_table(document), width)


def rates_tables(document: SessionDocument, *, wide: bool = False, alone: bool = False) -> list[Table]:
    return [rates_table(document, wide=wide, alone=alone)]


def rates_table(document: SessionDocument, *, wide: bool = False, alone: bool = False) -> Table:
    """document: with estimates. wide: every column, also those on which all cases agree.

    alone: for rows that will stand without what is above and below them: nothing refers there.
    """
    naming = Naming.of([result.case for result in document.cases])
    footnotes = Footnotes()
    lines = sorted(
        (_line(*numbered, naming, footnotes, alone) for numbered in enumerate(document.cases, 1)), key=_order
    )
    fields = [field for field in _FIELDS if field.shown(lines, wide, alone)]
    folded = [_folded(field, lines) for field in _FIELDS if not wide and field.folded(lines)]
    return Table(
        title=_OF_REQUESTS if _all_ask(document.cases) else QUESTION,
        above=[
            about(document),
            "; ".join([*folded, naming.usual_text()]),
            *messages_texts(document),
            *mix_texts(document),
        ],
        columns=[field.headed(lines) for field in fields],
        rows=[[field.cell(line) for field in fields] for line in lines],
        below=[
            *footnotes.lines(),
            proved_text(document),
            *unjudged_texts(document),
            *noise_texts(document),
            *drift_texts(document),
            *(counters_texts(document.cases) if wide else []),
            f"parameters where none is named: {naming.params_text()}",
            f"again: {document.session.plan.command}",
        ],
    )


def _line(number: int, result: CaseResult, naming: Naming, footnotes: Footnotes, alone: bool) -> _Line:
    ending = Ending.of(result)
    state = ending.state if alone else " ".join([ending.state, *map(footnotes.mark, ending.remarks)])
    return _Line(number=number, result=result, name=naming.name(result.case), ending=ending, state=state)


def _order(line: _Line) -> tuple[int, str, int, float, int]:
    load, estimate = line.result.case.workload, line.result.rate_per_s
    return load.size_bytes, mix_text(load.mix), load.consumers, -estimate.median if estimate else 0.0, line.number


def _folded(field: _Field, lines: Sequence[_Line]) -> str:
    return f"{field.column.title()} {field.column.text(field.cell(lines[0]))}"


def _ran(line: _Line) -> list[TrialFigures]:
    return [trial for trial in line.result.trials if trial.state != "unavailable"]


def _summed(name: str) -> Callable[[_Line], Cell]:
    return lambda line: sum(getattr(trial, name) for trial in _ran(line)) if _ran(line) else None


def _middle(name: str) -> Callable[[_Line], Cell]:
    return lambda line: middle(line.result, name)


def _highest(name: str) -> Callable[[_Line], Cell]:
    return lambda line: max((getattr(trial, name) for trial in _ran(line)), default=None)


def _estimate(name: str) -> Callable[[_Line], Cell]:
    return lambda line: getattr(line.result.rate_per_s, name) if line.result.rate_per_s else None


def _limit(name: str) -> Callable[[_Line], Cell]:
    return lambda line: getattr(line.result.limit, name) if line.result.limit else None


def _within(line: _Line) -> Cell:
    return reach(line.result.rate_per_s) if line.result.rate_per_s else None


def _latency(name: str) -> Callable[[_Line], Cell]:
    return lambda line: getattr(line.result.latency, name) if line.result.latency else None


def _quantile(name: str, part: str = "value_ns") -> Callable[[_Line], Cell]:
    return lambda line: getattr(getattr(line.result.latency, name, None), part, None)


def _load(name: str) -> Callable[[_Line], Cell]:
    return lambda line: getattr(line.result.case.workload, name)


def _in_flight(line: _Line) -> Cell:
    return line.result.case.workload.in_flight if asks(line.result) else None


def _params(line: _Line) -> str:
    return " ".join(f"{name}={value}" for name, value in line.result.case.params.items())


def _amount(line: _Line) -> str:
    load = line.result.case.workload
    return f"{load.items} items" if load.items else f"{load.duration_s} s"


def _left(
    name: str,
    head: str,
    cell: Callable[[_Line], Cell],
    *,
    wrap: int | None = None,
    folds: bool = False,
    wide: bool = False,
    alone: bool = False,
    differs: bool = False,
    mixed: bool | None = None,
) -> _Field:
    column = Column(name=name, head=head, align="left", wrap=wrap)
    brief = mixed is True
    return _Field(
        column=column, cell=cell, folds=folds, wide=wide, brief=brief, alone=alone, differs=differs, mixed=mixed
    )


def _number(
    name: str,
    head: str,
    show: Callable[[str | int | float], str],
    cell: Callable[[_Line], Cell],
    *,
    rank: int = KEEP,
    folds: bool = False,
    wide: bool = False,
    brief: bool = False,
    needed: Callable[[CaseResult], bool] | None = None,
    beside: tuple[_Beside, ...] = (),
    mixed: bool | None = None,
    bar: bool = False,
) -> _Field:
    column = Column(name=name, head=head, show=show, rank=rank, bar=bar)
    return _Field(
        column=column, cell=cell, folds=folds, wide=wide, brief=brief, needed=needed, beside=beside, mixed=mixed
    )


def _link(line: _Line) -> Cell:
    link = line.result.case.workload.link
    return link_text(link) if link else None


def _allowed(line: _Line) -> Cell:
    return allowed_per_s(line.result)


def _share(line: _Line) -> Cell:
    return link_share(line.result)


def _tenths(value: str | int | float) -> str:
    """A share of 1 as ``99.9 %``: here a hundredth is the difference between reached and passed."""
    return f"{100 * float(value):.1f} %"


def _linked(result: CaseResult) -> bool:
    return result.case.workload.link is not None


def _offers(result: CaseResult) -> bool:
    """What it was sent is another number than what it delivered."""
    return fans_out(result) or _lost(result)


def _any(holds: Callable[[CaseResult], bool]) -> Callable[[Sequence[CaseResult]], bool]:
    return lambda results: any(map(holds, results))


def _all_ask(results: Sequence[CaseResult]) -> bool:
    """What was delivered to a consumer came back as a reply, of every case."""
    return bool(results) and all(map(asks, results))


def _lost(result: CaseResult) -> bool:
    return bool(lost_share(result))


_FIELDS = (
    _number("case", "#", str, lambda line: line.number),
    _left("key", "key", lambda line: case_key(line.result.case), wide=True),
    _left("name", "transport", lambda line: line.name, wrap=22),
    _left("transport", "transport", lambda line: line.result.case.transport, wide=True),
    _left("runtime", "runtime", lambda line: line.result.case.runtime, wide=True, differs=True),
    _left("params", "parameters", _params, wide=True),
    _number("size_bytes", "size", as_bytes, _load("size_bytes"), folds=True, mixed=False),
    _left("sizes", "size", lambda line: size_text(line.result.case.workload), wrap=14, folds=True, mixed=True),
    _left("mix", "mix", lambda line: mix_text(line.result.case.workload.mix) or None, wide=True),
    _number("consumers", "con-\nsumers", str, _load("consumers"), folds=True),
    _left("policy", "policy", lambda line: policy_text(line.result.case.workload.policy), folds=True),
    _left("pattern", "pattern", _load("pattern"), wide=True),
    _number("in_flight", "in\nflight", str, _in_flight, wide=True),
    _left("dispatch", "dispatch", _load("dispatch"), wide=True),
    _left("ack", "ack", _load("ack"), wide=True),
    _left("wait", "wait", _load("wait"), wide=True),
    _left("placement", "placement", _load("placement"), wide=True),
    _left("verify", "verify", _load("verify"), wide=True),
    _number("linger_us", "linger\nus", str, _load("linger_us"), wide=True),
    _left("amount", "each\ntrial", _amount, wide=True),
    _number("offered_per_s", "offered\nper s", as_count, _load("rate_per_s"), rank=1, wide=True, needed=paced),
    _left("link", "link", _link, wide=True),
    _number("stamp_every", "stamped\none in", str, _load("stamp_every"), wide=True),
    _number(
        "rate_per_s",
        "messages\nper s",
        as_count,
        _estimate("median"),
        beside=((_any(_offers), "de-\nlivered\nper s"), (_all_ask, "round\ntrips\nper s")),
        bar=True,
    ),
    _number("limit_share", "of its\nlimit", as_percent, _limit("share"), rank=2),
    _number("limit_per_s", "limit\nper s", as_count, _limit("rate_per_s"), wide=True),
    _left("bound_by", "bound by", _limit("bound_by"), wide=True),
    _number("rate_within", "95 %\n+-", as_percent, _within, rank=2, brief=True),
    _number(
        "rate_to_all_per_s", "to all\nper s", as_count, _middle("rate_to_all_per_s"), rank=3, wide=True, needed=fans_out
    ),
    _number(
        "send_rate_per_s",
        "sent\nper s",
        as_count,
        _middle("send_rate_per_s"),
        rank=1,
        wide=True,
        needed=_offers,
        beside=((_any(fans_out), "pub-\nlished\nper s"),),
    ),
    _number("lost_share", "loss", as_percent, lambda line: lost_share(line.result), rank=1, wide=True, needed=_lost),
    _number("link_allows_per_s", "link\nallows\nper s", as_count, _allowed, rank=2, wide=True, needed=_linked),
    _number("link_share", "of the\nlink", _tenths, _share, wide=True, needed=_linked),
    _number("rate_low_per_s", "95 %\nlow", as_count, _estimate("low"), wide=True),
    _number("rate_high_per_s", "95 %\nhigh", as_count, _estimate("high"), wide=True),
    _number("p50_ns", "p50\nus", as_us, _quantile("p50_ns"), rank=2, wide=True, needed=timed),
    _number("p90_ns", "p90\nus", as_us, _quantile("p90_ns"), wide=True),
    _number("p99_ns", "p99\nus", as_us, _quantile("p99_ns"), wide=True, needed=timed),
    _number("p99_low_ns", "95 %\nlow", as_us, _quantile("p99_ns", "low_ns"), wide=True),
    _number("p99_high_ns", "95 %\nhigh", as_us, _quantile("p99_ns", "high_ns"), wide=True),
    _number("p999_ns", "p99.9\nus", as_us, _quantile("p999_ns"), rank=1, wide=True, needed=timed),
    _number("p9999_ns", "p99.99\nus", as_us, _quantile("p9999_ns"), wide=True),
    _number("max_ns", "max\nus", as_us, _latency("max_ns"), rank=3, wide=True, needed=timed),
    _number("mean_ns", "mean\nus", as_us, _latency("mean_ns"), wide=True),
    _number("latency_samples", "latency\nsamples", as_exact, _latency("samples"), wide=True),
    _number("latency_every", "one\nin", str, _latency("every"), wide=True),
    _number("goodput_bytes_per_s", "goodput\nMB/s", as_mb, _middle("goodput_bytes_per_s"), rank=3),
    _number("fairness", "fair-\nness", as_share, _middle("fairness"), rank=6),
    _number("cpu_ns_per_message", "cpu ns/\nmessage", as_digits, _middle("cpu_ns_per_message"), rank=4),
    _number(
        "broker_cpu_ns_per_message",
        "server's\ncpu ns/\nmessage",
        as_digits,
        lambda line: broker_cpu_ns(line.result),
        rank=4,
        wide=True,
        needed=lambda result: broker_cpu_ns(result) is not None,
    ),
    _number("calls_per_message", "calls/\nmessage", as_digits, _middle("calls_per_message"), rank=5),
    _number("switches_per_message", "switches/\nmessage", as_digits, _middle("switches_per_message"), wide=True),
    _number("bytes_per_call", "bytes/\ncall", as_digits, _middle("bytes_per_call"), wide=True),
    _number("cycles_per_message", "cycles/\nmessage", as_digits, _middle("cycles_per_message"), wide=True),
    _number(
        "instructions_per_message", "instructions/\nmessage", as_digits, _middle("instructions_per_message"), wide=True
    ),
    _number(
        "cache_misses_per_message", "cache misses/\nmessage", as_digits, _middle("cache_misses_per_message"), wide=True
    ),
    _number("instructions_per_cycle", "instructions/\ncycle", as_digits, _middle("instructions_per_cycle"), wide=True),
    _number("peak_memory_bytes", "memory", as_bytes, _highest("peak_memory_bytes"), wide=True),
    _number("window_ns", "window\nms", as_ms, _middle("window_ns"), wide=True),
    _number("trials", "trials", str, lambda line: len(line.result.trials), wide=True),
    _number("sent", "sent", as_exact, _summed("sent"), wide=True),
    _number("delivered", "delivered", as_exact, _summed("delivered"), wide=True),
    _number("round_trips", "round\ntrips", as_exact, _summed("round_trips"), wide=True),
    *(_number(name, name, as_exact, _summed(name), wide=True) for name in WRONGS),
    _left("state", "state", lambda line: line.state, wrap=16),
    _left("remarks", "remarks", lambda line: "; ".join(line.ending.remarks) or None, alone=True),
)
