"""Can a session be what it says it is? What cannot have been is kept, and shown as disputed.

1. A fault is something that no honest session has: rates of a fast machine, noise, loss and failures are none. Where a
   model or a clock may be wrong, the bound is far beyond its error.
2. What is only said and not counted is held against nothing but the clock and what any cpu can do.
3. Each kind of fault is told once, with the first place where it is and how many more there are.
4. It takes one look at each trial: a record asks it of everything that comes in.

It finds contradictions, not lies: a forger who takes care finds numbers that agree.
"""

from __future__ import annotations

__all__ = ["faults"]

from collections.abc import Iterator
from datetime import datetime

from queuemark.model.agreement import broken_promise, disagreement
from queuemark.model.session import CaseResult, Session, SessionDocument
from queuemark.model.trial import CONTRADICTED, TrialFigures

SHARE_HIGH = 10.0
"""Of what the session's own probes allow. A share above 1.05 is an error of the model and marked as one; where others
kept the machine busy while it was probed and no longer, honest sessions come to 2 and more."""

RATE_HIGH_PER_S = 1e10
"""Messages to one consumer: what takes less than half a cycle of any cpu is nothing that a program did."""

SAID_HIGH_PER_S = 1e8
"""Messages that nobody counted: the original calls the kernel for each, which no cpu does in 10 ns."""

CPU_SHARE_HIGH = 1.05
"""Of the time of all cpus. Kernels count it by other clocks than that of the window."""

_CPU_SLACK_NS = 100_000_000
"""A tick and what was under way when the counting began, of every worker."""

_CLOCK_SLACK_S = 60.0
"""A clock may be set while a session runs."""

_Found = dict[str, list[str]]
"""By kind of fault: the places, the first with its details."""


def faults(document: SessionDocument) -> list[str]:
    """What cannot be of this session, in half sentences; none of an honest one. document: with estimates."""
    found: _Found = {}
    for number, result in enumerate(document.cases, 1):
        for kind, place in _of_case(document.session, number, result):
            found.setdefault(kind, []).append(place)
    for kind, place in _of_clock(document):
        found.setdefault(kind, []).append(place)
    return [_told(kind, places) for kind, places in found.items()]


def _told(kind: str, places: list[str]) -> str:
    more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
    return f"{kind}: {places[0]}{more}"


def _of_case(session: Session, number: int, result: CaseResult) -> Iterator[tuple[str, str]]:
    """The kinds of faults of a case and its trials, each with its place."""
    limit = result.limit
    if limit is not None and limit.share is not None and limit.share > SHARE_HIGH:
        yield "faster than this machine can be", f"case {number} is at {limit.share:.1f} times its limit"
    load, facts = result.case.workload, session.facts.get(result.case.transport)
    cpus = max(session.machine.cpus_online or 0, len(session.machine.cpus))
    ran = any(trial.state == "ok" for trial in result.trials)
    if ran and facts is not None and load.consumers < facts.consumers_low:
        yield "a mechanism that keeps nothing for nobody", f"case {number} has no consumer"
    for trial in result.trials:
        if trial.state != "ok":
            if trial.reason is not None and trial.reason.startswith(CONTRADICTED):
                yield "counts that contradict each other", _at(number, trial, trial.reason[len(CONTRADICTED) + 2 :])
            continue
        high_per_s = RATE_HIGH_PER_S * max(1, load.consumers) if trial.proved else SAID_HIGH_PER_S
        if trial.rate_per_s is not None and trial.rate_per_s > high_per_s:
            yield "faster than any cpu", _at(number, trial, f"{trial.rate_per_s:.3g} messages/s")
        if not trial.proved:
            continue
        wrong = disagreement(trial, load) or (broken_promise(trial, facts) if facts is not None else None)
        if wrong is not None:
            yield "counts that are not those of the workload", _at(number, trial, wrong)
        for kind, what in _of_time(trial, cpus):
            yield kind, _at(number, trial, what)


def _at(number: int, trial: TrialFigures, what: str) -> str:
    return f"case {number}, repeat {trial.repeat}: {what}"


def _of_time(trial: TrialFigures, cpus: int) -> Iterator[tuple[str, str]]:
    """cpus: 0 where nobody says."""
    whole_ns = trial.window_ns + trial.outside_ns
    if trial.send_window_ns > whole_ns:
        yield "sending that is longer than its trial", f"{trial.send_window_ns} of {whole_ns} ns"
    slowest_ns = trial.latency.histogram.max_ns if trial.latency is not None else 0
    if slowest_ns > whole_ns:
        yield "a message that took longer than its trial", f"{slowest_ns} of {whole_ns} ns"
    high_ns = CPU_SHARE_HIGH * cpus * whole_ns + _CPU_SLACK_NS * (1 + len(trial.consumers))
    if cpus and trial.cpu_ns > high_ns:
        yield "more cpu time than there was", f"{trial.cpu_ns} ns on {cpus} cpus in {whole_ns} ns"


def _of_clock(document: SessionDocument) -> Iterator[tuple[str, str]]:
    """Trials run one after the other, and after their session began."""
    trials = [trial for result in document.cases for trial in result.trials if trial.started_at]
    try:
        begun_s = datetime.fromisoformat(document.session.created_at).timestamp()
        starts_s = [datetime.fromisoformat(trial.started_at).timestamp() for trial in trials]
    except (ValueError, OverflowError):
        yield "times that are none", "the session or a trial of it does not say when it began, in ISO 8601"
        return
    if not trials:
        return
    if min(starts_s) < begun_s - _CLOCK_SLACK_S:
        yield "trials from before their session", f"the first began {begun_s - min(starts_s):.0f} s before it"
    busy_s = [(trial.window_ns + trial.outside_ns) / 1e9 for trial in trials]
    elapsed_s = max(start_s + took_s for start_s, took_s in zip(starts_s, busy_s, strict=True)) - min(starts_s)
    if sum(busy_s) > elapsed_s + _CLOCK_SLACK_S:
        yield "more time than went by", f"the trials took {sum(busy_s):.0f} s within {elapsed_s:.0f} s"
