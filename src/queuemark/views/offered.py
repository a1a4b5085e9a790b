"""What was offered beside what was delivered: two numbers that are never added (M4).

1. A fan-out publishes a message once and delivers it to each consumer; all of them got no more than whoever got least.
2. What was lost is a share of what was to be delivered, over the trials that accounted for every message.
3. A loss while sending as fast as it goes says nothing of the highest rate without one.
"""

from __future__ import annotations

__all__ = ["LOST", "SATURATED", "fans_out", "lost_share", "middle", "offered_texts", "paced", "timed"]

from statistics import median

from queuemark.model.session import CaseResult
from queuemark.model.trial import TrialFigures
from queuemark.model.units import format_rate
from queuemark.views.numbers import as_percent

LOST = (
    "some messages were lost: the rate is of those delivered when sending as fast as it goes, "
    "not the highest without loss; queuemark show --wide counts them"
)


SATURATED = (
    "saturated: under 99 % of the messages that were due were sent, so the load that was set is not the one offered, "
    "and what waited to be sent is in the latency"
)


def fans_out(result: CaseResult) -> bool:
    return result.case.workload.pattern == "fanout"


def paced(result: CaseResult) -> bool:
    """Whether messages are sent at a set rate, and not as fast as it goes."""
    return result.case.workload.rate_per_s is not None


def timed(result: CaseResult) -> bool:
    """Whether its latency is what it was run for; sent as fast as it goes, messages wait in whatever there is."""
    return paced(result) or result.case.workload.pattern == "pingpong"


def proved(result: CaseResult) -> list[TrialFigures]:
    return [trial for trial in result.trials if trial.state == "ok"]


def middle(result: CaseResult, name: str) -> float | None:
    """The median of a figure over the trials that were proved and have it."""
    held = [getattr(trial, name) for trial in proved(result)]
    held = [value for value in held if value is not None]
    return median(held) if held else None


def lost_share(result: CaseResult) -> float | None:
    """Of what was to be delivered, 0 to 1; None where no trial accounted for its messages."""
    lost = sum(trial.lost for trial in proved(result))
    due = lost + sum(trial.delivered for trial in proved(result))
    return lost / due if due else None


def offered_texts(result: CaseResult) -> list[str]:
    """Lines below a case's rate, where there is more to say than that: medians over trials, the loss over all."""
    rates = {"sent": middle(result, "send_rate_per_s")}
    if fans_out(result):
        # Of what was lost each consumer may have missed another part.
        to_all = "delivered to all at most" if lost_share(result) else "delivered to all"
        rates = {"published": rates["sent"], to_all: middle(result, "rate_to_all_per_s")}
    elif not lost_share(result):
        return []
    told = [f"{word} {format_rate(rate_per_s)}" for word, rate_per_s in rates.items() if rate_per_s is not None]
    told += [f"lost {as_percent(share)}" for share in [lost_share(result)] if share]
    return [", ".join(told)] if told else []
