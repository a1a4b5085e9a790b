"""What a machine was doing beside one trial: facts that change while a session runs."""

from __future__ import annotations

__all__ = ["Conditions"]

import msgspec

from queuemark.model.units import Count


class Conditions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Null where the machine does not say.

    load_1min, governor, frequency_low_hz and frequency_high_hz: as they were when the trial had ended; frequencies are
    the lowest and the highest of the cpus that may be used.
    others_cpu_ns: user and system time, on all cpus, of all that is not of the trial, while it ran; the kernel counts
    it in ticks of some milliseconds.
    """

    load_1min: float | None = None
    governor: str | None = None
    frequency_low_hz: Count | None = None
    frequency_high_hz: Count | None = None
    others_cpu_ns: Count | None = None
