"""What a look at a machine found: one thing that changes results, or does not."""

from __future__ import annotations

__all__ = ["VERDICTS", "Finding", "Verdict"]

from typing import Final, Literal, get_args

import msgspec

Verdict = Literal["noisy", "limited", "unknown", "good"]

VERDICTS: Final = get_args(Verdict)
"""The worst first."""


class Finding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing, and what it does to results.

    verdict: ``noisy``, the same trial gives different results; ``limited``, something is slower or cannot be done;
    ``unknown``, the machine does not tell; ``good``.
    found: as the machine says it. effect: what it does to results unless it is good. remedy: a command, or what else to
    do; null where nothing needs to be done.
    """

    name: str
    verdict: Verdict
    found: str
    effect: str
    remedy: str | None = None
