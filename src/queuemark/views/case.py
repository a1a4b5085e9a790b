"""One case in full: every trial, and every consumer of every trial."""

from __future__ import annotations

__all__ = ["QUESTION", "case_tables", "consumer_table", "every_case_tables", "trial_table"]

from collections.abc import Callable

from queuemark.model.broker import BrokerUse
from queuemark.model.conditions import Conditions
from queuemark.model.plan import case_key
from queuemark.model.session import CaseResult, Estimate, SessionDocument
from queuemark.model.trial import ConsumerFigures, TrialFigures
from queuemark.model.units import format_rate
from queuemark.views.counted import counters_text, counters_texts
from queuemark.views.ending import Ending, state_text
from queuemark.views.findings import noise_texts
from queuemark.views.header import about
from queuemark.views.naming import server_text, workload_text
from queuemark.views.numbers import (
    as_bytes,
    as_count,
    as_digits,
    as_exact,
    as_ghz,
    as_mb,
    as_ms,
    as_percent,
    as_share,
    as_us,
)
from queuemark.views.offered import offered_texts
from queuemark.views.table import KEEP, Cell, Column, Table

QUESTION = "What did every trial and every consumer count?"


def every_case_tables(document: SessionDocument, *, wide: bool = False, alone: bool = False) -> list[Table]:
    """Each case in full, one below the other; they have every column as it is."""
    return [table for number, result in enumerate(document.cases, 1) for table in case_tables(document, number, result)]


def case_tables(document: SessionDocument, number: int, result: CaseResult) -> list[Table]:
    """The trials, then their consumers; document: with estimates; number: of the case in its session."""
    case = result.case
    params = ", ".join(f"{name}={value}" for name, value in case.params.items()) or "none"
    trials = trial_table(result)
    above = [
        about(document),
        f"{case.transport} ({case.runtime}), parameters {params}",
        workload_text(case.workload),
        f"rate: {_estimate_text(result.rate_per_s)}",
        *offered_texts(result),
        *dict.fromkeys(_broker_text(trial.broker) for trial in result.trials if trial.broker is not None),
        *(f"granted: {granted}" for granted in dict.fromkeys(map(_granted, result.trials)) if granted),
    ]
    told = Table(
        title=f"Case {number} ({case_key(case)}): {case.transport}",
        above=above,
        columns=trials.columns,
        rows=trials.rows,
        below=[
            *Ending.of(result).remarks,
            *counters_texts([result]),
            *noise_texts(document),
            f"again: {document.session.plan.command}",
        ],
    )
    consumers = consumer_table(result)
    return [told, consumers] if consumers.rows else [told]


def _estimate_text(estimate: Estimate | None) -> str:
    if estimate is None:
        return "none, see below"
    if estimate.low is None or estimate.high is None:
        return f"{format_rate(estimate.median)}, too few trials for an interval"
    return (
        f"median {format_rate(estimate.median)}, 95 % interval {format_rate(estimate.low)} to "
        f"{format_rate(estimate.high)}"
    )


def _granted(trial: TrialFigures) -> str:
    return ", ".join(f"{name}={value}" for name, value in trial.granted.items())


def _broker_text(used: BrokerUse) -> str:
    return f"broker: {server_text(used)}{f', sha256 {used.sha256}' if used.sha256 else ''}"


def trial_table(result: CaseResult) -> Table:
    """One row a trial, in the order of their repeats; column names are the fields of TrialFigures."""
    return Table(
        title="Trials",
        columns=list(_TRIAL_COLUMNS),
        rows=[[_cell(result, trial, column.name) for column in _TRIAL_COLUMNS] for trial in result.trials],
    )


def consumer_table(result: CaseResult) -> Table:
    """One row a consumer of a trial; column names are the fields of ConsumerFigures."""
    return Table(
        title="Consumers",
        columns=[_number("repeat", "re-\npeat"), *_CONSUMER_COLUMNS],
        rows=[
            [trial.repeat, *(_of_consumer(consumer, column.name) for column in _CONSUMER_COLUMNS)]
            for trial in result.trials
            for consumer in trial.consumers
        ],
    )


_TOLD = {"repeat", "position", "run_id", "started_at", "seed", "state", "reason", "remedy", "rate_withheld"}


def _cell(result: CaseResult, trial: TrialFigures, name: str) -> Cell:
    """What is known of a trial only beside the others of its case, or of it alone."""
    if name != "outlier":
        return _of_trial(trial, name)
    if result.marks is None or trial.rate_per_s is None:
        return None
    return "yes" if trial.repeat in result.marks.outliers else "no"


def _of_trial(trial: TrialFigures, name: str) -> Cell:
    """What did not run has a place in the order and a state, but no counts: not even 0."""
    if trial.state == "unavailable" and name not in _TOLD:
        return None
    if name in Conditions.__struct_fields__:
        return getattr(trial.conditions, name, None)
    if name == "broker_cpu_ns":
        return trial.broker.cpu_ns if trial.broker is not None else None
    if name == "counters":
        return counters_text(trial.counters)
    if name == "state":
        return state_text(trial)
    if name in ("oversubscribed", "saturated", "proved"):
        said = getattr(trial, name)
        return None if said is None else "yes" if said else "no"
    if name == "injected":
        return f"{trial.injected.fault} at message {trial.injected.message}" if trial.injected else None
    value: Cell = getattr(trial, name)
    return value


def _of_consumer(consumer: ConsumerFigures, name: str) -> Cell:
    if name == "cpus":
        return " ".join(map(str, consumer.cpus)) or "free"
    value: Cell = getattr(consumer, name)
    return value


def _number(name: str, head: str, show: Callable[[str | int | float], str] = str, rank: int = KEEP) -> Column:
    return Column(name=name, head=head, show=show, rank=rank)


def _words(name: str, head: str, rank: int = KEEP) -> Column:
    return Column(name=name, head=head, align="left", rank=rank)


_TRIAL_COLUMNS = (
    _number("repeat", "re-\npeat"),
    _number("position", "position", rank=20),
    _words("state", "state"),
    _number("rate_per_s", "messages\nper s", as_count),
    _words("outlier", "out-\nlier", 12),
    _number("rate_variation", "varies", as_percent, 12),
    _number("rate_to_all_per_s", "to all\nper s", as_count, 11),
    _number("sent", "sent", as_exact),
    _number("delivered", "delivered", as_exact),
    _number("round_trips", "round\ntrips", as_exact, 11),
    _number("lost", "lost", as_exact, 1),
    _number("duplicated", "dupli-\ncated", as_exact, 1),
    _number("reordered", "re-\nordered", as_exact, 1),
    _number("corrupted", "cor-\nrupted", as_exact, 1),
    _number("checked", "checked", as_exact, 12),
    _number("window_ns", "window\nms", as_ms, 2),
    _number("send_window_ns", "sending\nms", as_ms, 15),
    _number("outside_ns", "outside\nms", as_ms, 16),
    _number("send_rate_per_s", "sent\nper s", as_count, 13),
    _number("goodput_bytes_per_s", "goodput\nMB/s", as_mb, 6),
    _number("fairness", "fair-\nness", as_share, 5),
    _number("cpu_ns_per_message", "cpu ns/\nmessage", as_digits, 3),
    _number("calls_per_message", "calls/\nmessage", as_digits, 4),
    _number("switches_per_message", "switches/\nmessage", as_digits, 10),
    _number("bytes_per_call", "bytes/\ncall", as_digits, 9),
    _number("cycles_per_message", "cycles/\nmessage", as_digits, 13),
    _number("instructions_per_message", "instructions/\nmessage", as_digits, 14),
    _number("cache_misses_per_message", "cache misses/\nmessage", as_digits, 14),
    _number("instructions_per_cycle", "instructions/\ncycle", as_digits, 14),
    _words("saturated", "saturated", 9),
    _number("p50_ns", "p50\nus", as_us, 8),
    _number("p90_ns", "p90\nus", as_us, 14),
    _number("p99_ns", "p99\nus", as_us, 7),
    _number("p999_ns", "p99.9\nus", as_us, 8),
    _number("p9999_ns", "p99.99\nus", as_us, 14),
    _number("mean_ns", "mean\nus", as_us, 14),
    _number("calls", "calls", as_exact, 17),
    _number("cpu_ns", "cpu\nms", as_ms, 18),
    _number("broker_cpu_ns", "broker\ncpu ms", as_ms, 12),
    _number("steal_ns", "stolen\nms", as_ms, 11),
    _number("others_cpu_ns", "others\ncpu ms", as_ms, 12),
    _number("load_1min", "load", as_digits, 18),
    _words("governor", "governor", 19),
    _number("frequency_low_hz", "lowest\nGHz", as_ghz, 19),
    _number("frequency_high_hz", "highest\nGHz", as_ghz, 19),
    _number("switches_voluntary", "voluntary\nswitches", as_exact, 18),
    _number("switches_involuntary", "involuntary\nswitches", as_exact, 18),
    _number("message_bytes", "message\nbytes", as_exact, 19),
    _number("bytes_on_wire", "bytes on\nwire", as_exact, 19),
    _number("peak_memory_bytes", "memory", as_bytes, 7),
    _words("oversubscribed", "over-\nsubscribed", 14),
    _words("injected", "fault made", 8),
    _words("run_id", "run", 20),
    _words("started_at", "started at", 20),
    _number("seed", "seed", rank=20),
    _words("rate_withheld", "why there is no rate", 21),
    _words("reason", "reason", 21),
    _words("remedy", "remedy", 21),
    _words("proved", "counted", 22),
    _words("counters", "hardware counters", 22),
)

_CONSUMER_COLUMNS = (
    _number("index", "con-\nsumer"),
    _words("cpus", "cpus", 9),
    _number("rate_per_s", "messages\nper s", as_count),
    _number("dealt", "dealt", as_exact, 8),
    _number("delivered", "delivered", as_exact),
    _number("lost", "lost", as_exact, 1),
    _number("duplicated", "dupli-\ncated", as_exact, 1),
    _number("reordered", "re-\nordered", as_exact, 1),
    _number("corrupted", "cor-\nrupted", as_exact, 1),
    _number("checked", "checked", as_exact, 7),
    _number("window_ns", "window\nms", as_ms, 2),
    _number("calls", "calls", as_count, 4),
    _number("bytes_received", "received", as_bytes, 6),
    _number("cpu_ns", "cpu\nms", as_ms, 3),
    _number("switches_voluntary", "voluntary\nswitches", as_exact, 10),
    _number("switches_involuntary", "involuntary\nswitches", as_exact, 10),
    _number("peak_memory_bytes", "memory", as_bytes, 5),
)
