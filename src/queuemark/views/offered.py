"""What was offered beside what was delivered: two numbers that are never added (M4).

1. A fan-out publishes a message once and delivers it to each consumer; all of them got no more than whoever got least.
2. What was lost is a share of what was to be delivered, over the trials that accounted for every message.
3. A loss while sending as fast as it goes says nothing of the highest rate without one.
"""

from __future__ import annotations

__all__ = [
    "LOST",
    "LOST_AT_RATE",
    "QUESTION",
    "SATURATED",
    "asks",
    "fans_out",
    "lost_share",
    "middle",
    "offered_tables",
    "offered_texts",
    "paced",
    "timed",
]

from statistics import median

from queuemark.model.session import CaseResult, SessionDocument
from queuemark.model.trial import TrialFigures
from queuemark.model.units import format_rate
from queuemark.views.header import about
from queuemark.views.naming import Naming, policy_text, size_text
from queuemark.views.numbers import as_count, as_percent
from queuemark.views.table import Cell, Column, Table

QUESTION = "How much was sent, and how much of it arrived?"

LOST = (
    "some messages were lost: the rate is of those delivered when sending as fast as it goes, "
    "not the highest without loss; queuemark show --wide counts them"
)


LOST_AT_RATE = "some messages were lost at the rate that was set; queuemark show --wide counts them"
SATURATED = (
    "saturated: under 99 % of the messages that were due were sent, so the load that was set is not the one offered, "
    "and what waited to be sent is in the latency"
)


def fans_out(result: CaseResult) -> bool:
    return result.case.workload.pattern == "fanout"


def asks(result: CaseResult) -> bool:
    """Its messages are requests, each with a reply."""
    return result.case.workload.pattern == "pingpong"


def paced(result: CaseResult) -> bool:
    """Whether messages are sent at a set rate, and not as fast as it goes."""
    return result.case.workload.rate_per_s is not None


def timed(result: CaseResult) -> bool:
    """Whether its latency is what it was run for; sent as fast as it goes, messages wait in whatever there is."""
    return paced(result) or asks(result)


def proved(result: CaseResult) -> list[TrialFigures]:
    return [trial for trial in result.trials if trial.delivery_proved]


def middle(result: CaseResult, name: str) -> float | None:
    """The median of a figure over the trials that were proved and have it."""
    held = [getattr(trial, name) for trial in proved(result)]
    held = [value for value in held if value is not None]
    return median(held) if held else None


def broker_cpu_ns(result: CaseResult) -> float | None:
    """What the server took of the cpu in a whole trial, warm-up included, for each message; None where nobody knows."""
    held = [
        (trial.broker.cpu_ns, trial.delivered or trial.sent) for trial in proved(result) if trial.broker is not None
    ]
    spent = [cpu_ns / messages for cpu_ns, messages in held if cpu_ns is not None and messages]
    return median(spent) if spent else None


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


def offered_tables(document: SessionDocument, *, wide: bool = False, alone: bool = False) -> list[Table]:
    """One line a case, in the order of the session; document: with estimates."""
    naming = Naming.of([result.case for result in document.cases])
    columns = [
        Column(name="case", head="#"),
        Column(name="name", head="transport", align="left", wrap=None if alone else 30),
        Column(name="size", head="size", align="left"),
        Column(name="consumers", head="con-\nsumers"),
        Column(name="policy", head="policy", align="left"),
        Column(name="send_rate_per_s", head="sent\nper s", show=as_count),
        Column(name="rate_per_s", head="delivered\nper s", show=as_count),
        Column(name="rate_to_all_per_s", head="to all\nper s", show=as_count),
        Column(name="lost_share", head="loss", show=as_percent),
    ]
    rows = [_row(number, result, naming) for number, result in enumerate(document.cases, 1)]
    below = [] if alone else [f"again: {document.session.plan.command}"]
    return [
        Table(title=QUESTION, above=[about(document), naming.usual_text()], columns=columns, rows=rows, below=below)
    ]


def _delivered_per_s(result: CaseResult) -> float | None:
    """Where nobody is there to receive the rate is of what was sent."""
    if result.rate_per_s is None:
        return None
    return result.rate_per_s.median if result.case.workload.consumers else 0.0


def _row(number: int, result: CaseResult, naming: Naming) -> list[Cell]:
    load = result.case.workload
    return [
        number,
        naming.name(result.case),
        size_text(load),
        load.consumers,
        policy_text(load.policy),
        middle(result, "send_rate_per_s"),
        _delivered_per_s(result),
        middle(result, "rate_to_all_per_s"),
        lost_share(result),
    ]
