"""How the trials of a case ended, in a few words, and the remarks that say why."""

from __future__ import annotations

__all__ = [
    "BEYOND_LINK",
    "LOOKED_FOR",
    "OVERSUBSCRIBED",
    "UNCONFIRMED",
    "UNPROVED",
    "UNRECEIVED",
    "WRONGS",
    "Ending",
    "Footnotes",
    "proved_text",
    "state_text",
]

import msgspec

from queuemark.analysis.linked import SHARE_HIGH, link_share
from queuemark.model.histogram import PERCENTILES
from queuemark.model.session import CaseResult, SessionDocument
from queuemark.model.trial import TrialFigures
from queuemark.views.marks import marked_texts
from queuemark.views.numbers import counted
from queuemark.views.offered import LOST, LOST_AT_RATE, SATURATED, fans_out, paced, timed

OVERSUBSCRIBED = "oversubscribed: more workers than cpus to run them"
BEYOND_LINK = "more came through than the link allows: an error of the model or of the measurement, not a success"
UNPROVED = "not proved: whoever measured counted nothing; the rate is what was said"
UNRECEIVED = "nobody was there to receive: the rate is of messages that the broker accepted, none was delivered"
UNCONFIRMED = "nobody was there to receive: the rate is of messages that were written, accepted or not"
LOOKED_FOR = ("p50_ns", "p99_ns", "p999_ns")
WRONGS = ("lost", "duplicated", "reordered", "corrupted")


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """state: ``ok``, or what was not, and in how many of the trials. remarks: why, each once."""

    state: str
    remarks: list[str]

    @classmethod
    def of(cls, result: CaseResult) -> Ending:
        trials = result.trials
        if not trials:
            return cls(state="no trial", remarks=["no trial: none of this case was finished"])
        remarks = [_why(trial) for trial in trials if trial.state != "ok"]
        ok = [trial for trial in trials if trial.state == "ok"]
        remarks += [f"no rate: {trial.rate_withheld}" for trial in ok if trial.rate_withheld]
        remarks += [] if all(trial.proved for trial in ok) else [UNPROVED]
        remarks += _unreceived(result) if ok else []
        remarks += _allowed(ok, LOST_AT_RATE if paced(result) else LOST) + _unknown(result)
        remarks += [SATURATED] if any(trial.saturated for trial in ok) else []
        remarks += [BEYOND_LINK] if (link_share(result) or 0) > SHARE_HIGH else []
        if any(trial.oversubscribed for trial in trials):
            remarks.append(OVERSUBSCRIBED)
        remarks += marked_texts(result)
        parts = [_share(trials, state) for state in ("failed", "not proved", "unavailable")]
        return cls(state=", ".join(part for part in parts if part) or "ok", remarks=list(dict.fromkeys(remarks)))


def state_text(trial: TrialFigures) -> str:
    """How a trial ended; ``ok`` is said of what was counted alone."""
    return "not proved" if trial.state == "ok" and not trial.proved else trial.state


def _share(trials: list[TrialFigures], state: str) -> str:
    ended = sum(state_text(trial) == state for trial in trials)
    return state if ended == len(trials) else f"{ended}/{len(trials)} {state}" if ended else ""


def _unreceived(result: CaseResult) -> list[str]:
    """What the rate is of where nobody is there to receive."""
    load = result.case.workload
    if load.consumers:
        return []
    return [UNCONFIRMED if load.ack == "none" else UNRECEIVED]


def _allowed(ok: list[TrialFigures], lost: str) -> list[str]:
    """What a mechanism may do that promises less; no trial fails by it, and no rate shows it."""
    names = [name for name in WRONGS if any(getattr(trial, name) for trial in ok)]
    return [
        lost if name == "lost" else f"some messages were {name}; queuemark show --wide counts them" for name in names
    ]


def _unknown(result: CaseResult) -> list[str]:
    """Percentiles that everybody looks for and that the samples do not tell."""
    if result.latency is None or not timed(result):
        return []
    missing = [PERCENTILES[name] for name in LOOKED_FOR if getattr(result.latency, name) is None]
    return [f"too few samples for {each.name}: it takes {each.samples_low:,}" for each in missing]


def _why(trial: TrialFigures) -> str:
    said = f"{trial.state}: {trial.reason or 'no reason was given'}"
    return f"{said}; {trial.remedy}" if trial.remedy else said


class Footnotes:
    """Each remark once, numbered in the order in which they come up."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def mark(self, remark: str) -> str:
        return f"[{self._numbers.setdefault(remark, len(self._numbers) + 1)}]"

    def lines(self) -> list[str]:
        return [f"[{number}] {remark}" for remark, number in self._numbers.items()]


def proved_text(document: SessionDocument) -> str:
    """What was proved, over all trials that ran; what a mechanism may lose is accounted for, not delivered."""
    ran = [trial for result in document.cases for trial in result.trials if trial.state != "unavailable"]
    if not ran:
        return "no trial ran"
    judged = [trial for trial in ran if trial.proved]
    said = f"of {counted(len(ran) - len(judged), 'trial')} nothing was counted: what was said of it is not proved"
    if not judged:
        return said
    ok = [trial for trial in judged if trial.state == "ok"]
    proved = "every message accounted for" if any(trial.lost for trial in ok) else "delivery proved"
    sums = {name: sum(getattr(trial, name) for trial in judged) for name in ("sent", "delivered", *WRONGS)}
    told = ", ".join(f"{count:,} {name}" for name, count in sums.items())
    copied = any(map(fans_out, document.cases))
    note = " (of a fan-out: sent once, delivered or lost at each consumer)" if copied else ""
    alone = any(not result.case.workload.consumers for result in document.cases)
    note += " (to 0 consumers: sent and accepted, and nothing is delivered)" if alone else ""
    rest = f"; {said}" if len(judged) < len(ran) else ""
    return f"{proved} in {len(ok)} of the {counted(len(ran), 'trial')} that ran: {told}{note}{rest}"
