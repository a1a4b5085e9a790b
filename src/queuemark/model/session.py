"""The document that a session is: file format, request body and validation in one definition.

``queuemark run --json -`` prints it, ``export`` and ``submit`` send it, the store reads it. It holds
counts and times; what derives from them is added on output and recomputed on input.
"""

from __future__ import annotations

__all__ = [
    "SCHEMA",
    "CaseLatency",
    "CaseResult",
    "Estimate",
    "Limit",
    "Marks",
    "Mode",
    "Quantile",
    "Session",
    "SessionDocument",
    "decode_session",
    "encode_session",
    "judged",
    "read_session",
]

from typing import Annotated, Final, Literal

import msgspec

from queuemark.model.errors import UsageError
from queuemark.model.finding import Finding
from queuemark.model.histogram import look_over
from queuemark.model.machine import Machine
from queuemark.model.plan import Case, Plan
from queuemark.model.probe import Probe
from queuemark.model.transport import Cost, Facts
from queuemark.model.trial import TrialFigures, figures
from queuemark.model.units import Count, Positive

SCHEMA: Final = 1

SessionState = Literal["running", "complete", "interrupted"]


class Session(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A plan and the machine it ran on.

    id: 32 hexadecimal digits. created_at: ISO 8601, UTC. version: of queuemark. seed: the plan's.
    findings: what made results noisy or limited on this machine when the session began.
    costs: by transport, what a message costs as its runner has it: with the probes that makes the limits.
    facts: by transport, what its runner promises of it; empty where no runner of ours measured.
    probes_before, probes_after: what the machine could do before the first trial and behind the last; empty where that
        was not asked, or no runner says.
    """

    id: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$(?!\n)")]
    created_at: str
    version: str
    seed: Count
    state: SessionState = "running"
    machine: Machine
    findings: list[Finding] = []
    plan: Plan
    costs: dict[str, Cost] = {}
    facts: dict[str, Facts] = {}
    probes_before: list[Probe] = []
    probes_after: list[Probe] = []


class Estimate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The median over trials with its bootstrap 95 % interval; low and high are null below 3 trials."""

    median: float
    low: float | None
    high: float | None


class Quantile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A percentile of the samples of all trials together, with its bootstrap 95 % interval over the trials.

    low_ns, high_ns: null below 3 trials.
    """

    value_ns: Count
    low_ns: Count | None
    high_ns: Count | None


class CaseLatency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The latency of a case over all its trials that proved their delivery; see queuemark.model.latency.

    every: of so many messages one has a sample; where trials differ, the most. missed: summed.
    A percentile is null where there are too few samples for it (M10).
    """

    kind: Literal["one-way", "round-trip"]
    every: Positive
    samples: Count
    missed: Count
    min_ns: Count
    max_ns: Count
    mean_ns: float | None
    p50_ns: Quantile | None
    p90_ns: Quantile | None
    p99_ns: Quantile | None
    p999_ns: Quantile | None
    p9999_ns: Quantile | None


class Mode(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """One of two groups of trials: how many they are, and the median of their rates."""

    trials: Positive
    rate_per_s: float


class Marks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What is conspicuous about the trials of a case; all of them count nevertheless.

    judged: trials with enough progress to tell whether they were steady. unsteady, outliers: repeats.
    modes: two, the slower first, or none. too_wide: the plan went on until the interval is narrow, and it is not.
    """

    judged: Count
    unsteady: list[Count]
    outliers: list[Count]
    modes: list[Mode]
    too_wide: bool = False


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """What this machine allows of a case, from its probes (M23).

    rate_per_s: messages delivered in sum a second at most. share: of it that was measured, 1 for all.
    bound_by: what binds, and what it does for a message. beyond: the share cannot be, so the model is wrong here.
    """

    rate_per_s: float
    share: float | None
    bound_by: str
    beyond: bool = False


class CaseResult(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A case with its trials in the order of their repeats.

    rate_per_s: null when no trial has a rate. latency: null when no trial has any. marks: null when nobody looked.
    """

    case: Case
    trials: list[TrialFigures]
    rate_per_s: Estimate | None = None
    limit: Limit | None = None
    latency: CaseLatency | None = None
    marks: Marks | None = None

    @property
    def unproved(self) -> bool:
        """Whether it ran, and of no trial that did well anything was counted: its rate is only what was said."""
        ok = [trial for trial in self.trials if trial.state == "ok"]
        return bool(ok) and not any(trial.proved for trial in ok)

    def rated(self) -> list[tuple[TrialFigures, float]]:
        """The trials that its rate is made of, each with its own; nothing only said beside what was counted."""
        unproved = self.unproved
        told = [trial for trial in self.trials if trial.proved or unproved]
        return [(trial, trial.rate_per_s) for trial in told if trial.rate_per_s is not None]


class SessionDocument(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """``{"schema": 1, "session": {...}, "cases": [...]}``."""

    schema: Literal[1]
    session: Session
    cases: list[CaseResult]


_decoder = msgspec.json.Decoder(SessionDocument)


def encode_session(document: SessionDocument) -> bytes:
    """JSON on one line, ended by a newline."""
    return msgspec.json.encode(document) + b"\n"


def decode_session(text: bytes | str, what: str = "session") -> SessionDocument:
    """A session from outside: validated, its trials judged again, their figures recomputed, estimates dropped.

    Raises: UsageError with the place of the first mistake.
    """
    return judged(read_session(text, what))


def read_session(text: bytes | bytearray | str, what: str = "session") -> SessionDocument:
    """A session from outside, validated and not yet ``judged``.

    Raises: as ``decode_session``.
    """
    try:
        return _decoder.decode(text)
    except msgspec.MsgspecError as error:
        raise UsageError(f"{what} is not a queuemark session: {error}") from error


def judged(document: SessionDocument) -> SessionDocument:
    """The same document: its trials judged again, their figures recomputed, estimates dropped."""
    measured = [trial.latency for case in document.cases for trial in case.trials if trial.latency is not None]
    look_over(part for latency in measured for part in (latency.histogram, latency.raw, latency.pacing) if part)
    for case in document.cases:
        case.trials = [figures(trial, case.case.workload) for trial in case.trials]
        case.rate_per_s, case.limit, case.latency, case.marks = None, None, None, None
    return document
