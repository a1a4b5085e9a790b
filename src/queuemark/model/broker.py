"""The server between producer and consumers, where a transport needs one: which it was, and what it did for a trial."""

from __future__ import annotations

__all__ = ["BrokerUse"]

import msgspec

from queuemark.model.units import Count


class BrokerUse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The server of one trial; where it is, is not told.

    version: as it says itself; null where nothing was said.
    started: for this trial alone; else it ran before, and others may use it, too.
    sha256: of its program; null where that is not here.
    cpu_ns: user and system time that the trial took of it, its start excluded; null where it was not started here.
    slow_consumers: what it counted of connections that it closed in the trial because what waited for them was too much
        or too long, one that was both twice; null where it does not say.
    """

    name: str
    version: str | None = None
    started: bool
    sha256: str | None = None
    cpu_ns: Count | None = None
    slow_consumers: Count | None = None
