"""What to choose? What meets a wish best, the runner-up, why, and what was looked at to say so."""

from __future__ import annotations

__all__ = ["advice_table"]

from collections.abc import Callable

from queuemark.analysis.advise import Advice, Candidate, Wish
from queuemark.model.units import format_bytes, format_duration_s, format_rate
from queuemark.views.front import way_text
from queuemark.views.numbers import as_count, as_digits, as_us, counted
from queuemark.views.offered import middle
from queuemark.views.table import KEEP, Cell, Column, Table

_ROWS_HIGH = 10


def advice_table(advice: Advice) -> Table:
    """The answer in sentences above the cases that it comes from, the best first."""
    shown = advice.fitting[:_ROWS_HIGH] or ([advice.nearest] if advice.nearest is not None else [])
    more = len(advice.fitting) - len(shown)
    return Table(
        title=f"What to choose for {_wished(advice.wish)}?",
        above=_answer(advice),
        columns=[column for column, _ in _COLUMNS],
        rows=[[place, *(cell(each) for _, cell in _COLUMNS[1:])] for place, each in enumerate(shown, 1)],
        below=[
            *([f"{counted(more, 'more case')} would do"] if more > 0 else []),
            _looked_at(advice),
            *(f"ruled out: {counted(count, 'case')}: {reason}" for reason, count in advice.ruled_out.items()),
        ],
    )


def _wished(wish: Wish) -> str:
    to = "consumer" if wish.consumers == 1 else "consumers"
    parts = [f"{format_bytes(wish.size_bytes)} to {wish.consumers} {to}"]
    parts += [f"at least {format_rate(wish.rate_per_s)}"] if wish.rate_per_s is not None else []
    parts += [f"p99 within {_time(wish.p99_ns)}"] if wish.p99_ns is not None else []
    promised = {"lossless": wish.lossless, "ordered": wish.ordered, "across hosts": wish.across_hosts}
    return ", ".join([*parts, *(word for word, asked in promised.items() if asked)])


def _answer(advice: Advice) -> list[str]:
    best, runner_up = advice.best, advice.runner_up
    if best is None:
        if advice.nearest is None:
            return ["nothing that was measured fits; measure it now with: queuemark advise ... --measure"]
        return [
            "nothing that was measured fits",
            f"nearest: {_use(advice.nearest)}: {_figures(advice.nearest)} ({_place(advice.nearest)})",
        ]
    lines = [f"take {_use(best)}", f"it delivered {_figures(best)} ({_place(best)})"]
    if runner_up is not None:
        lines.append(f"runner-up: {_use(runner_up)}: {_figures(runner_up)}, {_against(best, runner_up)}")
    if advice.late is not None:
        lines.append(f"more is to be had by waiting: {_use(advice.late)}: {_figures(advice.late)}")
    return lines


def _use(candidate: Candidate) -> str:
    """Everything that one has to set."""
    case, load = candidate.result.case, candidate.result.case.workload
    params = ", ".join(f"{name}={value}" for name, value in case.params.items())
    settings = [way_text(load), f"wait {load.wait}", f"placement {load.placement}", *([params] if params else [])]
    return f"{case.transport} with {', '.join(settings)}"


def _figures(candidate: Candidate) -> str:
    offered_per_s = candidate.result.case.workload.rate_per_s
    offered = f" of {format_rate(offered_per_s)} offered" if offered_per_s is not None else ", as fast as it goes"
    return f"{format_rate(candidate.rate_per_s)}{offered}, {_latency(candidate)}"


def _latency(candidate: Candidate) -> str:
    latency = candidate.result.latency
    p99 = latency.p99_ns if latency is not None else None
    if p99 is None:
        return "p99 not known"
    if p99.low_ns is None or p99.high_ns is None:
        return f"p99 {_time(p99.value_ns)}"
    return f"p99 {_time(p99.value_ns)} (95 % interval {_time(p99.low_ns)} to {_time(p99.high_ns)})"


def _against(best: Candidate, other: Candidate) -> str:
    """In what the best is better, and in what not."""
    words = [_compared(other.rate_per_s / best.rate_per_s, "the rate")]
    if best.p99_ns and other.p99_ns:
        words.append(_compared(other.p99_ns / best.p99_ns, "the p99"))
    return " and ".join(words)


def _compared(ratio: float, what: str) -> str:
    return f"{as_digits(float(f'{ratio:.2g}'))} times {what}"


def _place(candidate: Candidate) -> str:
    return f"case {candidate.number} of session {candidate.session[:8]}"


def _looked_at(advice: Advice) -> str:
    names = ", ".join(each[:8] for each in advice.sessions) or "none"
    return f"looked at {counted(advice.looked_at, 'case')} of {counted(len(advice.sessions), 'session')}: {names}"


def _time(time_ns: int) -> str:
    return format_duration_s(time_ns / 1e9)


def _number(
    name: str, head: str, show: Callable[[str | int | float], str], cell: Callable[[Candidate], Cell], rank: int = KEEP
) -> tuple[Column, Callable[[Candidate], Cell]]:
    return Column(name=name, head=head, show=show, rank=rank), cell


def _words(
    name: str, head: str, cell: Callable[[Candidate], Cell], rank: int = KEEP, wrap: int | None = None
) -> tuple[Column, Callable[[Candidate], Cell]]:
    return Column(name=name, head=head, align="left", rank=rank, wrap=wrap), cell


def _p99(part: str) -> Callable[[Candidate], Cell]:
    def cell(candidate: Candidate) -> Cell:
        latency = candidate.result.latency
        value: Cell = getattr(latency.p99_ns, part) if latency is not None and latency.p99_ns is not None else None
        return value

    return cell


_COLUMNS = (
    _number("place", "#", str, lambda candidate: None),
    _words("transport", "transport", lambda candidate: candidate.result.case.transport),
    _words("way", "policy", lambda candidate: way_text(candidate.result.case.workload), wrap=26),
    _words("wait", "wait", lambda candidate: candidate.result.case.workload.wait, 3),
    _words("placement", "placement", lambda candidate: candidate.result.case.workload.placement, 3),
    _number("offered_per_s", "offered\nper s", as_count, lambda candidate: candidate.result.case.workload.rate_per_s),
    _number("rate_per_s", "delivered\nper s", as_count, lambda candidate: candidate.rate_per_s),
    _number("p99_ns", "p99\nus", as_us, _p99("value_ns")),
    _number("p99_high_ns", "95 %\nhigh", as_us, _p99("high_ns"), 1),
    _number(
        "cpu_ns_per_message",
        "cpu ns/\nmessage",
        as_digits,
        lambda candidate: middle(candidate.result, "cpu_ns_per_message"),
        2,
    ),
    _words("session", "session", lambda candidate: candidate.session[:8], 4),
    _number("case", "case", str, lambda candidate: candidate.number, 4),
)
