"""What a row of the table is: something that runs and ends in an outcome."""

from __future__ import annotations

__all__ = ["Outcome", "Row", "Setting"]

from typing import Any, Protocol

import msgspec


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """How this run measures. control: the bare program stands on both sides, which shows the machine's own noise."""

    pairs: int = 15
    trial_s: float = 0.4
    seed: int = 1
    control: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A row's figures and its verdict.

    verdict: ``met``, ``missed``, ``too few pairs``, ``unequal work``, ``unavailable`` (what it needs is not installed)
    or ``failed``.
    kind: ``ratio`` (at least the target), ``agreement`` (a ratio within the target of 1) or ``ceiling`` (at most the
    target). median, low, high: of the ratio, or of
    the samples in `unit`. worst: the smallest ratio or the largest sample. ours_per_s, bare_per_s: medians.
    commands: what makes the figures again. samples: every one of them, in the order in which they ran.
    """

    row: str
    kind: str
    unit: str
    target: float
    verdict: str
    median: float | None = None
    low: float | None = None
    high: float | None = None
    worst: float | None = None
    ours_per_s: float | None = None
    bare_per_s: float | None = None
    note: str = ""
    commands: list[str] = []
    samples: list[dict[str, Any]] = []


class Row(Protocol):
    """An entry of ``bench/rows``; the name is ``GROUP/what``, and --only selects by it."""

    @property
    def name(self) -> str: ...

    @property
    def goal(self) -> str:
        """What must be reached, in words."""
        ...

    @property
    def has_control(self) -> bool:
        """Whether it can be measured with the bare program on both sides."""
        ...

    def run(self, setting: Setting) -> Outcome:
        """Raises: QueuemarkError when it cannot be measured here."""
        ...

    def failed(self, reason: str, verdict: str = "failed") -> Outcome:
        """The outcome when it could not be measured; verdict: ``failed`` or ``unavailable``."""
        ...
